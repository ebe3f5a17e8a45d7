//! Sixteen clients file results of 200 KB through HTTP, each with an idempotency key of its own; the archive is durable.
//!
//! The time-stamping authority of the demo runs in the same process and on the same cores, and so do the clients.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use antin::pki::crypto::KeyKind;
use serde_json::json;

use super::client::Client;
use super::rate::{cores, slice_all};
use super::server::Demo;
use super::table::{Table, Target};
use super::{Outcome, Plan, machine, raw};

pub(crate) const CLIENTS: usize = 16;
const BOUNDARY: &str = "antin-throughput-7f3a";

/// What many clients saw.
pub(crate) struct Seen {
    pub per_s: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub answers: f64,
}

/// Runs `request` over and over on `CLIENTS` connections; it gets its connection and a number that no other call gets.
pub(crate) fn drive(
    address: SocketAddr,
    seconds: f64,
    request: &(dyn Fn(&mut Client, u64) -> Outcome<()> + Sync),
) -> Outcome<Seen> {
    let next = AtomicU64::new(0);
    let limit = Duration::from_secs_f64(seconds);
    let begin = Instant::now();
    let waits: Vec<Outcome<Vec<Duration>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::connect(address)?;
                    let mut waits = Vec::new();
                    while begin.elapsed() < limit {
                        let sent = Instant::now();
                        request(&mut client, next.fetch_add(1, Ordering::Relaxed))?;
                        waits.push(sent.elapsed());
                    }
                    Ok(waits)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err("a client ended in a panic".into()))
            })
            .collect()
    });
    let elapsed_s = begin.elapsed().as_secs_f64();
    let mut all = Vec::new();
    for one in waits {
        all.extend(one?);
    }
    all.sort_unstable();
    let at = |percent: usize| {
        let index = all.len().saturating_sub(1).saturating_mul(percent) / 100;
        all.get(index).map_or(0.0, |d| d.as_secs_f64() * 1e3)
    };
    Ok(Seen {
        per_s: all.len() as f64 / elapsed_s,
        p50_ms: at(50),
        p99_ms: at(99),
        answers: all.len() as f64,
    })
}

pub(crate) fn measure(demo: &Demo, pdf: &[u8], plan: Plan, table: &mut Table) -> Outcome<()> {
    for (name, kind) in [("RSA-3072", KeyKind::Rsa), ("P-256", Demo::P256)] {
        let (office, api_key) = demo.clerk(kind)?;
        // The first of every kind opens connections and fills memories.
        file_results(demo, &office, &api_key, "warm", pdf, 0.5)?;
        let raw_before = if kind == KeyKind::Rsa {
            raw_all(demo)?
        } else {
            0.0
        };
        let others = machine::Others::watch(&[demo.pid()]);
        let (server, ours) = (demo.cpu_s(), machine::cpu_s(std::process::id()));
        let seen = file_results(demo, &office, &api_key, "run", pdf, plan.load_s)?;
        let server_ms = (demo.cpu_s() - server) * 1e3 / seen.answers.max(1.0);
        let clients_ms = (machine::cpu_s(std::process::id()) - ours) * 1e3 / seen.answers.max(1.0);
        table.others(&format!("end to end {name}"), others.share());
        let target = match kind {
            KeyKind::Rsa => {
                // Measured again on both sides of the load, so that a busy machine shows in both.
                let raw = f64::midpoint(raw_before, raw_all(demo)?);
                table.row(
                    &format!("RSA-3072 raw, {} cores, around the load", cores()),
                    raw,
                    "signs/s",
                );
                Target::at_least(
                    0.7 * raw,
                    format!("70 % of the raw rate around it, {raw:.0}"),
                )
            }
            _ => Target::at_least(250.0, "250/s".into()),
        };
        table.judged(
            &format!("{name} results end to end, {CLIENTS} clients"),
            seen.per_s,
            "results/s",
            target,
        );
        table.row(&format!("{name} end to end, p50"), seen.p50_ms, "ms");
        table.row(&format!("{name} end to end, p99"), seen.p99_ms, "ms");
        table.row(
            &format!("{name} server's CPU time a result"),
            server_ms,
            "ms",
        );
        table.row(
            &format!("{name} clients' CPU time a result"),
            clients_ms,
            "ms",
        );
        demo.memory(&format!("after the load {name}"), table);
    }
    Ok(())
}

/// Raw RSA-3072 on all cores, with a key of the same kind as the office's.
fn raw_all(demo: &Demo) -> Outcome<f64> {
    let key = demo.key(KeyKind::Rsa)?;
    slice_all(0.5, &|| raw::sign(&key))
}

fn file_results(
    demo: &Demo,
    office: &str,
    api_key: &str,
    run: &str,
    pdf: &[u8],
    seconds: f64,
) -> Outcome<Seen> {
    drive(demo.address, seconds, &|client, number| {
        file(
            client,
            office,
            api_key,
            &format!("{office}-{run}-{number}"),
            pdf,
        )
        .map(drop)
    })
}

/// Files one result and gives its id.
pub(crate) fn file_one(demo: &Demo, office: &str, api_key: &str, pdf: &[u8]) -> Outcome<String> {
    let mut client = Client::connect(demo.address)?;
    let receipt = file(&mut client, office, api_key, &format!("{office}-one"), pdf)?;
    let receipt: serde_json::Value = serde_json::from_slice(&receipt)?;
    Ok(receipt["id"]
        .as_str()
        .ok_or("a receipt without an id")?
        .to_owned())
}

fn file(
    client: &mut Client,
    office: &str,
    api_key: &str,
    idempotency: &str,
    pdf: &[u8],
) -> Outcome<Vec<u8>> {
    let record = json!({
        "dossier_code": format!("{office}-261124-0001"),
        "procedure_code": "1.004194",
        "result_kind": "KQ.G15.000031",
        "title": "Quyết định về việc giải quyết thủ tục hành chính",
        "number": "01/QĐ-UBND",
        "issued_on": "2026-01-05",
        "owner": {"name": "Nguyễn Văn An", "personal_id": "022190001234"},
        "validity": {"unlimited": true},
        "origin": "born_digital",
    })
    .to_string();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"record\"\r\nContent-Type: application/json\r\n\r\n{record}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"q.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let headers = format!(
        "Authorization: Bearer {api_key}\r\nIdempotency-Key: {idempotency}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    );
    let parts = [head.as_bytes(), pdf, tail.as_bytes()];
    client
        .send("POST", "/api/v1/results", &headers, &parts)?
        .expect(201)
}
