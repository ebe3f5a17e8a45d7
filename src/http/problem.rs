//! Refusals as RFC 9457 problem details: status, stable code, sentence and remedy in the reader's language.
//!
//! # Invariants
//! * Every refusal enum is matched exhaustively here; the words stand in the translation files under `problem.<code>`.
//! * A fault's cause goes to the log once; the client gets the request id.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use serde_json::{Value, json};

use super::context::Context;
use crate::archive::{Denied, Refusal};
use crate::i18n;
use crate::pdf;
use crate::record::{Fault, FieldProblem};

/// Boxed, so that a `Result` that carries it stays small.
#[derive(Debug)]
pub(super) struct Problem(Box<Facts>);

/// Names and values of placeholders.
type Values = Vec<(&'static str, String)>;

#[derive(Debug)]
struct Facts {
    status: u16,
    code: String,
    args: Values,
    /// Arguments that are words themselves: name, key in the translations, and what those words hold.
    words: Vec<(&'static str, String, Values)>,
    fields: Vec<FieldProblem>,
    retry_after_s: Option<u32>,
    /// For the log, not for the client.
    cause: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    pub fn new(status: u16, code: &str) -> Self {
        Self(Box::new(Facts {
            status,
            // One spelling on the wire, whatever the layer below uses.
            code: code.replace('-', "_"),
            args: Vec::new(),
            words: Vec::new(),
            fields: Vec::new(),
            retry_after_s: None,
            cause: None,
            headers: Vec::new(),
        }))
    }

    pub fn internal() -> Self {
        Self::new(500, "internal_error")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.args.push((name, value.into()));
        self
    }

    pub fn with_word(mut self, name: &'static str, key: String, values: Values) -> Self {
        self.0.words.push((name, key, values));
        self
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    pub fn retry(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    pub fn fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.0.fields = fields;
        self
    }

    fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub fn words(&self, lang: i18n::Lang) -> i18n::ProblemWords {
        let mut all = self.0.args.clone();
        for (name, key, values) in &self.0.words {
            let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
            all.push((name, i18n::tf(lang, key, &values)));
        }
        let args: Vec<(&str, &str)> = all.iter().map(|(n, v)| (*n, v.as_str())).collect();
        i18n::problem(lang, &self.0.code, &args)
    }

    pub fn code(&self) -> &str {
        &self.0.code
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn log(&self, context: &Context) {
        if let Some(cause) = &self.0.cause {
            tracing::error!(request_id = %context.request_id, code = %self.0.code, cause, "request failed");
        }
    }

    /// RFC 9457 3: the problem as the client gets it.
    pub fn respond(&self, context: &Context) -> HttpResponse {
        self.log(context);
        let words = self.words(context.lang);
        let errors: Vec<Value> = self
            .0
            .fields
            .iter()
            .map(|f| {
                json!({
                    "pointer": f.pointer,
                    "code": f.code,
                    "detail": i18n::field_problem(context.lang, f.code, f.given.as_deref()),
                })
            })
            .collect();
        let mut body = json!({
            "type": format!("urn:antin:problem:{}", self.0.code),
            "title": words.title,
            "status": self.0.status,
            "detail": words.detail,
            "remedy": words.remedy,
            "code": self.0.code,
            "instance": format!("urn:antin:request:{}", context.request_id),
        });
        if !errors.is_empty()
            && let Some(object) = body.as_object_mut()
        {
            object.insert("errors".into(), Value::Array(errors));
        }
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .insert_header((CONTENT_LANGUAGE, context.lang.as_str()))
            .insert_header(("x-request-id", context.request_id.as_str()))
            .insert_header((VARY, "Accept-Language"));
        if let Some(seconds) = self.0.retry_after_s {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.0.status == 401 {
            // RFC 9110 15.5.2: a 401 names the scheme that would help.
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        for (name, value) in &self.0.headers {
            response.insert_header((*name, value.as_str()));
        }
        response.body(body.to_string())
    }
}

impl Context {
    /// The handler's outcome as a response.
    pub fn answer(&self, outcome: Result<HttpResponse, Problem>) -> HttpResponse {
        outcome.unwrap_or_else(|problem| problem.respond(self))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Self::new(401, "unauthorized"),
            Denied::Role => Self::new(403, "forbidden"),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let cause = fault.chain().to_string();
        let closed = matches!(
            crate::store::cause(&fault),
            Some(crate::store::Cause::Closed)
        );
        if closed || crate::store::is_fatal(&fault) {
            return Self::new(503, "storage_unavailable")
                .retry(30)
                .caused_by(cause);
        }
        Self::internal().caused_by(cause)
    }
}

impl From<Vec<FieldProblem>> for Problem {
    fn from(fields: Vec<FieldProblem>) -> Self {
        let mut problem = Self::new(422, "record_invalid");
        problem.0.fields = fields;
        problem
    }
}

impl From<pdf::Refusal> for Problem {
    fn from(refusal: pdf::Refusal) -> Self {
        let code = refusal.code();
        let what = refusal.to_string();
        match refusal {
            pdf::Refusal::TooLarge { limit_bytes, .. } => {
                Self::new(413, code).with("limit", megabytes(limit_bytes))
            }
            _ => Self::new(422, code)
                .with("what", what.clone())
                .with("detail", what),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Record(fields) => fields.into(),
            Refusal::Pdf(refusal) => refusal.into(),
            Refusal::Stamp(refusal) => {
                let values = refusal.values().into_iter();
                values.fold(Self::new(422, refusal.code()), |p, (name, value)| {
                    p.with(name, value)
                })
            }
            Refusal::EarlierSignature { field, why } => {
                Self::new(422, "pdf_earlier_signature_invalid")
                    .with("field", field)
                    .with("why", why)
            }
            Refusal::OfficeUnknown(office) => {
                Self::new(403, "office_unknown").with("office", office.to_string())
            }
            Refusal::CertificateNotUsable(why) => Self::new(503, "certificate_not_usable")
                .with_word("reason", format!("not_usable.{}", why.code()), why.values())
                .caused_by(why.to_string()),
            Refusal::KeyReused => Self::new(422, "idempotency_key_reused"),
            Refusal::InProgress => Self::new(409, "idempotency_in_progress").retry(1),
            Refusal::Timestamp(failure) => Self::new(503, "timestamp_unavailable")
                .retry(10)
                .caused_by(failure.to_string()),
            Refusal::TimestampNotTrusted(why) => Self::new(503, "timestamp_unavailable")
                .retry(60)
                .caused_by(format!("the token does not hold: {why}")),
            Refusal::Stopped(fault) => match crate::store::cause(&fault) {
                Some(crate::store::Cause::TooLarge { limit_bytes, .. }) => {
                    Self::new(413, "file_too_large").with("limit", megabytes(*limit_bytes))
                }
                _ => Self::new(503, "storage_unavailable")
                    .retry(30)
                    .caused_by(fault.chain().to_string()),
            },
            Refusal::Key(fault) => Self::new(503, "signing_key_unavailable")
                .retry(30)
                .caused_by(fault.chain().to_string()),
            Refusal::Fault(fault) => fault.into(),
        }
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / (1024 * 1024))
}
