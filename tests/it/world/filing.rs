//! What a clerk sends: a record and a file under an idempotency key, each filing different from all others.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::demo::Clerk;
use super::http::{Answer, Call, Form};
use super::pdfs;

/// The owner of every result filed here: nothing of it may be seen by strangers.
pub const OWNER: &str = "Nguyễn Thị Ánh Tuyết";
pub const OWNER_MASKED: &str = "N***** T** Á** T****";
pub const OWNER_ID: &str = "022190001234";

#[derive(Clone)]
pub struct Filing {
    pub key: String,
    pub record: Value,
    pub pdf: Vec<u8>,
    pub file_name: String,
}

impl Filing {
    /// A filing that its clerk's office may make.
    pub fn new(clerk: &Clerk) -> Self {
        Filing::sized(clerk, 500)
    }

    pub fn sized(clerk: &Clerk, padding_bytes: usize) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("it-{}-{number}", std::process::id());
        let record = json!({
            "dossier_code": format!("{}-261102-{number:05}", clerk.office),
            "procedure_code": "1.004194",
            "result_kind": "KQ.G15.000031",
            "title": format!("Trích lục khai sinh số {number}"),
            "number": format!("{number}/TLKS-UBND"),
            "issued_on": "2026-11-20",
            "owner": { "name": OWNER, "personal_id": OWNER_ID },
            "validity": { "unlimited": true },
            "origin": "born_digital",
        });
        let pdf = pdfs::page(&format!("Decision {mark}"), padding_bytes);
        Filing {
            key: format!("key-{mark}"),
            record,
            pdf,
            file_name: "trich-luc.pdf".to_owned(),
        }
    }

    pub fn body(&self) -> Vec<u8> {
        Form::new()
            .text(
                "record",
                "application/json",
                &serde_json::to_vec(&self.record).unwrap(),
            )
            .file("file", &self.file_name, "application/pdf", &self.pdf)
            .finish()
    }

    /// RFC 8941 3.3.3: the key is a structured-field string.
    pub fn quoted_key(&self) -> String {
        format!("\"{}\"", self.key)
    }

    pub fn call(&self, base_url: &str, clerk: &Clerk) -> Call<'static> {
        Call::new("POST", format!("{base_url}/api/v1/results"))
            .bearer(&clerk.api_key)
            .header("Idempotency-Key", &self.quoted_key())
            .body(&Form::content_type(), self.body())
    }

    #[track_caller]
    pub fn send(&self, base_url: &str, clerk: &Clerk) -> Answer {
        self.call(base_url, clerk).send()
    }

    /// Sends it and reads the receipt.
    #[track_caller]
    pub fn accepted(&self, base_url: &str, clerk: &Clerk) -> Receipt {
        Receipt::of(&self.send(base_url, clerk).expect(201))
    }
}

/// The fields of the 201 answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub id: String,
    pub public_id: String,
    pub verify_url: String,
    pub sha256: String,
    pub log_index: u64,
    pub signed_at: String,
    pub level: String,
}

impl Receipt {
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        serde_json::from_slice(&answer.body).unwrap_or_else(|e| panic!("{e}: {}", answer.shown()))
    }
}
