//! One made-up page for every state there is, for the tests and for looking at.

use super::*;
use crate::i18n::{Lang, problem};
use crate::record::{Date, Level, Origin, UtcTime};
use crate::verify::indication::{Indication, SubIndication};
use crate::verify::report::{
    Algorithms, ChangeLine, ChangesAfter, Coverage, FileFacts, Reason, Report, RevocationCheck,
    SignatureReport, Signer, TimestampReport, Weight,
};

pub(crate) const OWNER: &str = "Nguyễn Thị Thùy Dương";
pub(crate) const CITIZEN: &str = "Trần Quốc Toản";
pub(crate) const ID: &str = "k7q2m4x6p3wz5n7r2t4vhjy6ae";
const SHA: &str = "5f0e1c2b3a4958677685948372615049e8d7c6b5a493827160f5e4d3c2b1a090";
const SEAL: &str = "9b1c0d2e3f4a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f0a1b2c3d4e";

pub(crate) fn frame(lang: Lang, path: &str) -> Frame {
    Frame::new(lang, path, "ketqua.quangninh.example", Site::Live)
}

pub(crate) fn signature(indication: Indication, sub: Option<SubIndication>) -> SignatureReport {
    let reasons = sub.map(|sub| Reason {
        code: match sub {
            SubIndication::HashFailure => "MESSAGE_DIGEST_MISMATCH",
            SubIndication::TryLater => "REVOCATION_NOT_CHECKED",
            SubIndication::FormatFailure => "CHANGED_AFTER_SIGNING",
            _ => "A_CODE_WITHOUT_WORDS",
        }
        .to_owned(),
        weight: Weight::Fail,
        detail: "one English sentence for the expert".to_owned(),
        clause: "EN 319 102-1 5.2.7",
    });
    SignatureReport {
        field: "Signature2".to_owned(),
        indication,
        sub_indication: sub,
        level: Some("B-T".to_owned()),
        format: "PAdES".to_owned(),
        sub_filter: "ETSI.CAdES.detached".to_owned(),
        signer: Some(Signer {
            common_name: Some("Ủy ban nhân dân tỉnh Quảng Ninh".to_owned()),
            organization: Some("Văn phòng Ủy ban nhân dân tỉnh Quảng Ninh".to_owned()),
            serial: "5404FFFEB7033FB316D672201B7BA4FF".to_owned(),
            issuer: "CN=Cơ quan chứng thực số chuyên dùng công vụ G2, O=Ban Cơ yếu, C=VN"
                .to_owned(),
            not_before: "2025-06-30T17:00:00Z".to_owned(),
            not_after: "2030-06-30T16:59:59Z".to_owned(),
            certificate_sha256: SEAL.to_owned(),
        }),
        claimed_at: Some("2026-11-24T02:15:00Z".to_owned()),
        best_signature_time: Some("2026-11-24T02:15:02Z".to_owned()),
        timestamps: vec![TimestampReport {
            time: "2026-11-24T02:15:02Z".to_owned(),
            indication: Indication::TotalPassed,
            sub_indication: None,
            authority: Some("Dịch vụ cấp dấu thời gian 1".to_owned()),
            reasons: Vec::new(),
        }],
        coverage: Coverage::WholeFile,
        changes_after: ChangesAfter::None,
        changes: Vec::new(),
        evidence: Vec::new(),
        algorithms: Algorithms {
            digest: Some("SHA-256".to_owned()),
            signature: Some("RSASSA-PKCS1-v1_5".to_owned()),
            key_bits: Some(3072),
        },
        revocation: if sub == Some(SubIndication::TryLater) {
            RevocationCheck::NotChecked
        } else {
            RevocationCheck::Good
        },
        reasons: reasons.into_iter().collect(),
    }
}

pub(crate) fn changed_after() -> SignatureReport {
    let mut changed = signature(Indication::TotalFailed, Some(SubIndication::FormatFailure));
    changed.coverage = Coverage::Revision;
    changed.changes_after = ChangesAfter::Forbidden;
    changed.changes = vec![ChangeLine {
        kind: "page-content".to_owned(),
        detail: "object 12 0".to_owned(),
    }];
    changed
}

/// A signature that a citizen made on the file before the office did.
pub(crate) fn of_citizen(indication: Indication, sub: Option<SubIndication>) -> SignatureReport {
    let mut own = signature(indication, sub);
    own.field = "Signature1".to_owned();
    own.coverage = Coverage::Revision;
    own.changes_after = ChangesAfter::Permitted;
    own.changes = vec![ChangeLine {
        kind: "signature-added".to_owned(),
        detail: "Signature2".to_owned(),
    }];
    own.timestamps = Vec::new();
    if let Some(signer) = &mut own.signer {
        signer.common_name = Some(CITIZEN.to_owned());
        signer.organization = None;
        signer.certificate_sha256 = SHA.to_owned();
    }
    own
}

pub(crate) fn report(signatures: Vec<SignatureReport>) -> Report {
    let worst = signatures.iter().max_by_key(|s| s.indication);
    let (indication, sub_indication) = worst.map_or(
        (
            Indication::Indeterminate,
            Some(SubIndication::NoSignatureFound),
        ),
        |worst| (worst.indication, worst.sub_indication),
    );
    Report {
        file: FileFacts {
            sha256: SHA.to_owned(),
            bytes: 1_610_612,
        },
        indication,
        sub_indication,
        signatures,
        reasons: Vec::new(),
        validated_at: "2026-11-24T03:00:00Z".to_owned(),
    }
}

pub(crate) fn unreadable() -> Report {
    let mut broken = report(Vec::new());
    broken.indication = Indication::TotalFailed;
    broken.sub_indication = Some(SubIndication::FormatFailure);
    broken.reasons = vec![Reason {
        code: "PDF_NOT_PDF".to_owned(),
        weight: Weight::Fail,
        detail: "the file can't be read as a PDF".to_owned(),
        clause: "EN 319 102-1 5.2.2",
    }];
    broken
}

pub(crate) fn passed() -> SignatureReport {
    signature(Indication::TotalPassed, None)
}

fn day(year: i32, month: u8, day: u8) -> Date {
    Date::from_ymd(year, month, day).unwrap()
}

pub(crate) fn log(state: LogState) -> LogFact {
    LogFact {
        state,
        index: Some(1_204),
        tree_size: Some(1_311),
        root: Some("qN5mU4a0Qv0m5r4bqv0c1x2y3z4A5B6C7D8E9F0G1H2=".to_owned()),
        origin: Some("ketqua.quangninh.example/log".to_owned()),
        leaf_hash: Some(SHA.to_owned()),
    }
}

pub(crate) fn checked(report: Option<Report>) -> Checked {
    Checked {
        bytes: StoredBytes::Same,
        sha256: SHA.to_owned(),
        report,
        office_certificates: vec![SEAL.to_owned()],
        force: Force::Until(day(2027, 12, 31)),
        log: log(LogState::Included),
    }
}

pub(crate) fn record(lang: Lang, checked: Checked) -> RecordPage {
    RecordPage {
        frame: frame(lang, &format!("/v/{ID}")),
        public_id: ID.to_owned(),
        lines: ResultLines {
            kind_code: "KQ.G15.000031".to_owned(),
            kind_name: Some("Giấy khai sinh".to_owned()),
            number: "686/QĐ-UBND".to_owned(),
            issued_on: day(2026, 11, 23),
            office_name: "Ủy ban nhân dân tỉnh Quảng Ninh".to_owned(),
            office_level: Level::Province,
            owner: MaskedName::of(OWNER),
            origin: Origin::BornDigital,
            signed_at: UtcTime::parse_rfc3339("2026-11-24T02:15:02Z").unwrap(),
            tsa: Some("Dịch vụ cấp dấu thời gian 1".to_owned()),
            stamp_pending: false,
        },
        checked,
    }
}

pub(crate) fn file(lang: Lang, report: &Report, archived: Archived) -> String {
    FileVerdictPage::from_report(
        frame(lang, "/kiem-tra"),
        report,
        archived,
        Some("Giấy khai sinh – bản ký.pdf".to_owned()),
    )
    .render()
    .unwrap()
}

fn kept() -> Archived {
    Archived::Kept(ArchivedMatch {
        longer_lived: None,
        stamp_pending: false,
        public_id: ID.to_owned(),
        force: Force::Unlimited,
        log: log(LogState::Included),
    })
}

/// Every record page: name of the state, page.
pub(crate) fn records(lang: Lang) -> Vec<(&'static str, RecordPage)> {
    use Indication::{Indeterminate, TotalFailed, TotalPassed};
    let sound = || checked(Some(report(vec![passed()])));
    let with = |change: &dyn Fn(&mut Checked)| {
        let mut checked = sound();
        change(&mut checked);
        record(lang, checked)
    };
    let of = |signatures| record(lang, checked(Some(report(signatures))));
    let altered = signature(TotalFailed, Some(SubIndication::HashFailure));
    let later = signature(Indeterminate, Some(SubIndication::TryLater));
    let foreign = of_citizen(TotalPassed, None);
    let bad_other = of_citizen(Indeterminate, Some(SubIndication::NoCertificateChainFound));
    vec![
        ("valid", record(lang, sound())),
        (
            "expired",
            with(&|c| c.force = Force::Expired(day(2026, 10, 1))),
        ),
        ("force-unknown", with(&|c| c.force = Force::CouldNotCheck)),
        ("failed", of(vec![altered])),
        ("changed-after", of(vec![changed_after()])),
        ("indeterminate", of(vec![later])),
        ("other-signature", of(vec![bad_other, passed()])),
        ("no-office-signature", of(vec![foreign])),
        (
            "stored-differs",
            with(&|c| c.bytes = StoredBytes::Different),
        ),
        ("log-mismatch", with(&|c| c.log = log(LogState::Mismatch))),
        ("log-pending", with(&|c| c.log = log(LogState::Pending))),
        (
            "could-not-check",
            with(&|c| {
                c.bytes = StoredBytes::Unreadable;
                c.report = None;
                c.force = Force::CouldNotCheck;
                c.log = LogFact::could_not_check();
            }),
        ),
    ]
}

/// Every page there is, rendered: name of the state, HTML.
pub(crate) fn all(lang: Lang) -> Vec<(String, String)> {
    use Indication::{Indeterminate, TotalFailed, TotalPassed};
    let mut pages: Vec<(String, String)> = records(lang)
        .iter()
        .map(|(name, page)| (format!("record-{name}"), page.render().unwrap()))
        .collect();
    let home = |problem| {
        let frame = frame(lang, "/");
        HomePage { frame, problem }.render().unwrap()
    };
    let check = |problem| {
        let limit_bytes = 50 << 20;
        let frame = frame(lang, "/kiem-tra");
        CheckPage {
            frame,
            problem,
            limit_bytes,
        }
        .render()
        .unwrap()
    };
    let missing = |kind| {
        let frame = frame(lang, "/v/unknown");
        NotFoundPage { frame, kind }.render().unwrap()
    };
    let altered = report(vec![signature(
        TotalFailed,
        Some(SubIndication::HashFailure),
    )]);
    let later = report(vec![
        of_citizen(TotalPassed, None),
        signature(Indeterminate, Some(SubIndication::TryLater)),
    ]);
    let mut demo = frame(lang, "/");
    demo.site = Site::Demo;
    let typed = "<script>alert(1)</script>\"".to_owned();
    let error = ErrorPage {
        frame: frame(lang, "/"),
        status: 503,
        words: problem(lang, "storage_unavailable", &[]),
        request_id: "01JDETN5Y4P4Q0ZK8E7V3M2C1B".to_owned(),
    };
    let more = [
        ("home", home(None)),
        ("home-missing", home(Some(HomeProblem::CodeMissing))),
        (
            "home-malformed",
            home(Some(HomeProblem::CodeMalformed { typed })),
        ),
        (
            "home-demo",
            HomePage {
                frame: demo,
                problem: None,
            }
            .render()
            .unwrap(),
        ),
        ("check", check(None)),
        (
            "check-problem",
            check(Some(problem(lang, "file_too_large", &[("limit", "50 MB")]))),
        ),
        (
            "file-valid-kept",
            file(lang, &report(vec![passed()]), kept()),
        ),
        ("file-failed", file(lang, &altered, Archived::NotKept)),
        (
            "file-changed",
            file(lang, &report(vec![changed_after()]), Archived::NotKept),
        ),
        (
            "file-indeterminate",
            file(lang, &later, Archived::CouldNotLook),
        ),
        (
            "file-unsigned",
            file(lang, &report(Vec::new()), Archived::NotKept),
        ),
        (
            "file-unreadable",
            file(lang, &unreadable(), Archived::NotKept),
        ),
        ("missing-record", missing(Missing::Record)),
        ("missing-page", missing(Missing::Page)),
        ("error", error.render().unwrap()),
    ];
    pages.extend(more.map(|(name, html)| (name.to_owned(), html)));
    pages
}
