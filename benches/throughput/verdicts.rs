//! Verdicts a second on a signed, time-stamped file of 200 KB: in process, and through HTTP.

use antin::pki::cert::Certificate;
use antin::pki::crypto::KeyKind;
use antin::record::UtcTime;
use antin::trust::{Anchors, Memory, RevocationEvidence};
use antin::verify::{Evidence, Indication, judge};

use super::client::Client;
use super::load::{CLIENTS, drive};
use super::rate::{Best, cores, slice, slice_all};
use super::server::Demo;
use super::table::Table;
use super::{Outcome, Plan, machine};

pub(crate) fn measure(demo: &Demo, now: UtcTime, plan: Plan, table: &mut Table) -> Outcome<()> {
    // The demo's clock went on since `now`; a verdict may not be about a time before the signature.
    let at = UtcTime::from_unix_s(super::rate::unix_s()).unwrap_or(now);
    for (name, kind) in [("RSA-3072", KeyKind::Rsa), ("P-256", Demo::P256)] {
        let signed = signed_file(demo, kind)?;
        let root = std::fs::read(demo.dir().join("pki/root.pem"))?;
        let root = Certificate::from_pem(&root).map_err(|e| format!("reading the root: {e}"))?;
        let (anchors, memory, revocation) = (
            Anchors::new(vec![root]),
            Memory::new(),
            RevocationEvidence::default(),
        );
        let evidence = Evidence {
            anchors: &anchors,
            extra: &[],
            revocation: &revocation,
            memory: &memory,
        };
        let verdict = || -> Outcome<()> {
            let report = judge(&signed, &evidence, at);
            match report.indication {
                Indication::TotalPassed => Ok(()),
                other => Err(format!(
                    "the signed file is found {other:?}: {:?}",
                    report.signatures
                )
                .into()),
            }
        };
        let others = machine::Others::watch(&[demo.pid()]);
        let [mut core, mut all] = [Best(0.0); 2];
        for _ in 0..plan.rounds {
            core.take(slice(plan.slice_s, &mut || verdict())?);
            all.take(slice_all(plan.slice_s, &verdict)?);
        }
        table.row(
            &format!("{name} verdicts in process, one core"),
            core.0,
            "files/s",
        );
        table.row(
            &format!("{name} verdicts in process, {} cores", cores()),
            all.0,
            "files/s",
        );
        let cpu = demo.cpu_s();
        let seen = drive(demo.address, plan.verdicts_s, &|client, _| {
            let body = client
                .send(
                    "POST",
                    "/api/v1/verify",
                    "Content-Type: application/pdf\r\n",
                    &[&signed],
                )?
                .expect(200)?;
            let passed = body.windows(12).any(|w| w == b"TOTAL-PASSED");
            if passed {
                Ok(())
            } else {
                Err("a verdict through HTTP did not pass".into())
            }
        })?;
        table.row(
            &format!("{name} verdicts through HTTP, {CLIENTS} clients"),
            seen.per_s,
            "files/s",
        );
        table.row(
            &format!("{name} verdicts through HTTP, p99"),
            seen.p99_ms,
            "ms",
        );
        let cpu_ms = (demo.cpu_s() - cpu) * 1e3 / seen.answers.max(1.0);
        table.row(&format!("{name} server's CPU time a verdict"), cpu_ms, "ms");
        table.others(&format!("verdicts {name}"), others.share());
    }
    demo.memory("after the verdicts", table);
    Ok(())
}

/// One signed file of the office, as a clerk gets it back.
fn signed_file(demo: &Demo, kind: KeyKind) -> Outcome<Vec<u8>> {
    let (office, api_key) = demo.clerk(kind)?;
    let pdf = std::fs::read(super::sample_pdf())?;
    let id = super::load::file_one(demo, &office, &api_key, &pdf)?;
    let headers = format!("Authorization: Bearer {api_key}\r\n");
    Client::connect(demo.address)?
        .send("GET", &format!("/api/v1/results/{id}/file"), &headers, &[])?
        .expect(200)
}
