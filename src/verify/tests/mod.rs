//! Files signed in process, well and badly, and what is said of them.

mod asic;
mod cades;
mod certificates;
mod dictionary;
mod flows;
mod forge;
mod long_term;
mod message;
mod province;
mod realm;
mod stamps;
mod tampering;

use std::sync::OnceLock;

use super::{Evidence, Indication, Report, SubIndication, judge};
use crate::pdf::{Limits, inspect};
use crate::pki::cert::Certificate;
use crate::pki::crl::{Crl, CrlFacts, RevokedSerial, draft};
use crate::pki::der::write::Criticality;
use crate::pki::oid;
use crate::record::UtcTime;
use crate::sign::{Signature, Signer, Upload, prepare};
use crate::trust::tests::{DAY_S, Holder, NOW, Plan, SIGNING, ca, plan, purposes, seal, usage};
use crate::trust::{Anchors, Memory, RevocationEvidence};

const PASSED: (Indication, Option<SubIndication>) = (Indication::TotalPassed, None);

fn failed(sub: SubIndication) -> (Indication, Option<SubIndication>) {
    (Indication::TotalFailed, Some(sub))
}

fn doubt(sub: SubIndication) -> (Indication, Option<SubIndication>) {
    (Indication::Indeterminate, Some(sub))
}

/// Root, issuing CA, a seal and a time-stamping unit below it.
struct Town {
    root: Holder,
    ca: Holder,
    seal: Holder,
    unit: Holder,
}

fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| {
        let root = ca("Root").root();
        let ca = ca("CA").by(&root);
        let seal = seal("Seal").by(&ca);
        let unit = unit().serial(11).by(&ca);
        Town {
            root,
            ca,
            seal,
            unit,
        }
    })
}

/// A time-stamping unit.
fn unit() -> Plan {
    let stamping = purposes(&[oid::EKU_TIME_STAMPING], Criticality::Critical);
    plan("Unit", vec![usage(SIGNING), stamping])
}

fn at(unix_s: i64) -> UtcTime {
    UtcTime::from_unix_s(unix_s).unwrap()
}

/// The smallest file that has a page.
fn page() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>",
        "<< /Length 14 >>\nstream\n0 0 m 9 9 l S \nendstream",
    ];
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = "xref\n0 5\n0000000000 65535 f \n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    let start = file.len();
    file.extend_from_slice(table.as_bytes());
    let trailer = format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend_from_slice(trailer.as_bytes());
    file
}

/// Makes a token over what it is given.
type Stamp<'a> = dyn Fn(&[u8]) -> Vec<u8> + 'a;

/// Signs with the product's own way; `stamp` makes a token over what it is given.
fn sealed_by(
    file: Vec<u8>,
    holder: &Holder,
    above: &[&Holder],
    stamp: Option<&Stamp<'_>>,
) -> Vec<u8> {
    let chain: Vec<Certificate> = above.iter().map(|h| h.certificate.clone()).collect();
    let signer = Signer {
        certificate: &holder.certificate,
        chain: &chain,
        algorithm: holder.algorithm,
        name: "Office",
        token_bytes_max: if stamp.is_some() { 6_000 } else { 0 },
    };
    let prepared = prepare(
        Upload::from(file),
        |bytes| inspect(bytes, &Limits::default()),
        &signer,
        at(NOW),
    )
    .unwrap();
    let signature = holder.sign(prepared.to_sign());
    let token = stamp.map(|stamp| stamp(&signature));
    let signed = prepared.signed(Signature(signature));
    signed.complete(token.as_deref()).unwrap().into_bytes()
}

fn sealed(file: Vec<u8>) -> Vec<u8> {
    sealed_by(file, &town().seal, &[&town().ca], None)
}

fn stamped(file: Vec<u8>) -> Vec<u8> {
    let stamp = |value: &[u8]| forge::token(&town().unit, value, NOW);
    sealed_by(file, &town().seal, &[&town().ca], Some(&stamp))
}

/// The verdict under the town's root.
fn report(file: &[u8], revocation: &RevocationEvidence, control_s: i64) -> Report {
    report_under(file, &[&town().root], revocation, control_s)
}

fn report_under(
    file: &[u8],
    roots: &[&Holder],
    revocation: &RevocationEvidence,
    control_s: i64,
) -> Report {
    let anchors = Anchors::new(roots.iter().map(|h| h.certificate.clone()).collect());
    let evidence = Evidence {
        anchors: &anchors,
        extra: &[],
        revocation,
        memory: &Memory::new(),
    };
    judge(file, &evidence, at(control_s))
}

fn plain_report(file: &[u8]) -> Report {
    report(file, &RevocationEvidence::default(), NOW)
}

/// The overall verdict, now, without any revocation evidence.
#[track_caller]
fn check(file: &[u8], expected: (Indication, Option<SubIndication>)) -> Report {
    let report = plain_report(file);
    check_report(&report, expected);
    report
}

#[track_caller]
fn check_report(report: &Report, expected: (Indication, Option<SubIndication>)) {
    let found = (report.indication, report.sub_indication);
    assert_eq!(found, expected, "{report:#?}");
    // Whatever is not passed says why.
    let reasons = report
        .signatures
        .iter()
        .map(|s| s.reasons.len())
        .sum::<usize>();
    let explained = report.reasons.len() + reasons > 0;
    assert!(
        report.indication == Indication::TotalPassed || explained,
        "{report:#?}"
    );
}

#[track_caller]
fn check_code(report: &Report, code: &str) {
    let said = report.signatures.iter().flat_map(|s| &s.reasons);
    let stamps = report.signatures.iter().flat_map(|s| &s.timestamps);
    let all = said
        .chain(&report.reasons)
        .chain(stamps.flat_map(|t| &t.reasons));
    assert!(
        all.clone().any(|r| r.code == code),
        "{code} not in {report:#?}"
    );
}

/// A list of the town's CA that names one certificate.
fn crl_naming(holder: &Holder, at: i64, reason: Option<u8>) -> RevocationEvidence {
    let ca = &town().ca;
    let entry = RevokedSerial {
        serial: holder.certificate.serial().to_vec(),
        at,
        reason,
    };
    let draft = draft(&CrlFacts {
        issuer: &ca.certificate,
        this_update: NOW - 60,
        next_update: NOW + 40 * DAY_S,
        number: 1,
        revoked: &[entry],
        algorithm: ca.algorithm,
    });
    let crl = Crl::from_der(&draft.finish(&ca.sign(draft.to_be_signed()))).unwrap();
    RevocationEvidence {
        ocsp: Vec::new(),
        crls: vec![crl],
    }
}
