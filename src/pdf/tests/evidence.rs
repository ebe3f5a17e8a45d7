//! Whether the security store is read whole, grows without losing or repeating anything, and disturbs no signature.

use super::craft::{
    Update, compressed, file, find, objects, request, samples, signed, signed_as, with,
};
use super::ruling::{forbidden, kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{
    Dss, Limits, Place, Refusal, SubFilter, append_dss, append_signature, dss, inspect, signatures,
};

fn evidence(certificates: &[&str], crls: &[&str], ocsps: &[&str]) -> Dss {
    let owned = |list: &[&str]| list.iter().map(|text| text.as_bytes().to_vec()).collect();
    Dss {
        certificates: owned(certificates),
        crls: owned(crls),
        ocsps: owned(ocsps),
    }
}

pub(super) fn extended(file: &[u8], evidence: &Dss) -> Option<Vec<u8>> {
    let doc = inspect(file, &Limits::default()).unwrap();
    let tail = append_dss(&doc, evidence).unwrap()?;
    Some([file, &tail].concat())
}

fn read(file: &[u8]) -> Option<Dss> {
    dss(file, &Limits::default()).unwrap()
}

fn stream(text: &str) -> String {
    format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len())
}

#[test]
fn a_file_without_a_store_has_none() {
    assert_eq!(read(&file(&objects())), None);
    assert_eq!(extended(&file(&objects()), &Dss::default()), None);
    assert_eq!(
        extended(&file(&objects()), &evidence(&[""], &[], &[])),
        None
    );
}

#[test]
fn evidence_is_stored_once_and_grows_after_every_signature() {
    let long = "revoked ".repeat(500);
    let signed_file = signed(&file(&objects()));
    let first = evidence(&["root", "issuer", "root"], &[&long], &["good"]);
    let once = extended(&signed_file, &first).unwrap();
    let expected = evidence(&["root", "issuer"], &[&long], &["good"]);
    assert_eq!(read(&once), Some(expected));
    permitted(&signed_file, &once, &[SecurityStore, Extensions]);
    // A list of repetitions is packed, a short certificate is not.
    let tail = &once[signed_file.len()..];
    assert!(find(tail, b"/Filter /FlateDecode") > 0 && tail.len() < long.len());
    assert!(find(tail, b"<< /Length 4 >>\nstream\nroot\n") > 0);
    assert!(find(tail, b"/ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >>") > 0);
    assert_eq!(extended(&once, &first), None);

    let stamped = signed_as(&once, SubFilter::Rfc3161);
    permitted(
        &signed_file,
        &stamped,
        &[TimestampAdded, SecurityStore, Extensions],
    );
    let second = evidence(&["issuer", "stamper"], &[], &["good", "better"]);
    let twice = extended(&stamped, &second).unwrap();
    let expected = evidence(
        &["root", "issuer", "stamper"],
        &[&long],
        &["good", "better"],
    );
    assert_eq!(read(&twice), Some(expected));
    permitted(&stamped, &twice, &[SecurityStore]);
    let again = signed_as(&twice, SubFilter::Rfc3161);
    for field in signatures(&again, &Limits::default()).unwrap().fields {
        assert_eq!(field.problems, []);
        let end = usize::try_from(field.signed_end().unwrap()).unwrap();
        let (forbidden, kinds) = kinds(&again[..end], &again);
        assert!(!forbidden, "{}: {kinds:?}", field.name);
    }
}

/// The store, its arrays and the extensions may each be direct, an object of their own, or missing; tables and streams.
#[test]
fn every_way_of_writing_a_store_is_read_and_extended() {
    let mut count = 0;
    for store in ["direct", "indirect", "missing", "null", "dangling"] {
        for certs in [
            "/Certs [20 0 R 21 0 R]",
            "/Certs 22 0 R",
            "/Certs []",
            "/Certs null",
            "/Certs 99 0 R",
            "",
        ] {
            for extensions in [
                "",
                "/Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >>",
                "/Extensions 23 0 R",
                "/Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 2 >> >>",
                "/Extensions << /ESIC [<< /BaseVersion /1.7 /ExtensionLevel 1 >> << /BaseVersion /1.7 /ExtensionLevel 5 >>] >>",
                "/Extensions << /ESIC [<< /BaseVersion /1.7 /ExtensionLevel 1 >>] >>",
            ] {
                for kind in ["table", "stream"] {
                    check_layout(store, certs, extensions, kind);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 5 * 6 * 6 * 2);
}

#[track_caller]
fn check_layout(store: &str, certs: &str, extensions: &str, kind: &str) {
    let name = format!("{store} {certs} {extensions} {kind}");
    let dict = format!(
        "<< /Type /DSS {certs} /CRLs [25 0 R] /VRI << /AB << /Cert [20 0 R] /CRL [26 0 R] /TU (D:2026) >> >> >>"
    );
    let (entry, has_store) = match store {
        "direct" => (format!("/DSS {dict}"), true),
        "indirect" => ("/DSS 24 0 R".to_owned(), true),
        "null" => ("/DSS null".to_owned(), false),
        "dangling" => ("/DSS 98 0 R".to_owned(), false),
        _ => (String::new(), false),
    };
    let catalog = format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R {entry} {extensions} >>");
    let mut all = with(1, &catalog);
    all.extend([
        (20, stream("one")),
        (21, stream("two")),
        (22, "[20 0 R 21 0 R]".to_owned()),
        (
            23,
            "<< /ADBE << /BaseVersion /1.7 /ExtensionLevel 3 >> >>".to_owned(),
        ),
        (24, dict),
        (25, stream("list")),
        (26, stream("old list")),
    ]);
    let base = match kind {
        "table" => file(&all),
        _ => {
            let (streams, members): (Vec<_>, Vec<_>) = all
                .iter()
                .map(|(number, text)| (*number, text.as_str()))
                .partition(|(_, text)| text.contains("stream\n"));
            compressed(&file(&with(1, &catalog)), &members, &streams, |index| index)
        }
    };
    let base = signed(&base);
    let two = has_store && (certs.contains("20 0 R") || certs.contains("22 0 R"));
    let before = read(&base);
    let mut expected = evidence(
        if two { &["one", "two"] } else { &["one"] },
        &["list", "old list"],
        &[],
    );
    assert_eq!(before, has_store.then(|| expected.clone()), "{name}");
    let fresh = evidence(&["one", "three"], &["list", "new list"], &["answer"]);
    let bytes = extended(&base, &fresh).unwrap();
    if has_store {
        expected.certificates.push(b"three".to_vec());
        // What single signatures name is read behind the arrays.
        expected.crls.insert(1, b"new list".to_vec());
        if !two {
            expected.certificates = vec![b"three".to_vec(), b"one".to_vec()];
        }
        expected.ocsps.push(b"answer".to_vec());
    } else {
        expected = fresh.clone();
    }
    assert_eq!(read(&bytes), Some(expected), "{name}");
    assert_eq!(extended(&bytes, &fresh), None, "{name}");
    let (forbidden, kinds) = kinds(&base, &bytes);
    assert!(
        !forbidden && kinds.contains(&SecurityStore),
        "{name}: {kinds:?}"
    );
    let declared = extensions.contains("ExtensionLevel 5");
    assert_eq!(kinds.contains(&Extensions), !declared, "{name}: {kinds:?}");
    let stamped = signed_as(&bytes, SubFilter::Rfc3161);
    assert_eq!(read(&stamped), read(&bytes), "{name}");
}

#[test]
fn evidence_follows_a_signature_that_forbids_every_change() {
    let field = "<< /Type /Annot /Subtype /Widget /FT /Sig /T (chief) /Rect [0 0 0 0] /Lock << /Action /All /P 1 >> >>";
    let mut all = with(8, "<< /Fields [7 0 R 10 0 R] >>");
    all.push((10, field.to_owned()));
    let base = file(&all);
    let doc = inspect(&base, &Limits::default()).unwrap();
    let mut request = request(SubFilter::CadesDetached);
    request.place = Place::Field {
        name: "chief".to_owned(),
        appearance: None,
    };
    let tail = append_signature(&doc, &request)
        .unwrap()
        .fill(b"0")
        .unwrap();
    let base = [base, tail].concat();
    let bytes = extended(&base, &evidence(&["root"], &[], &[])).unwrap();
    permitted(&base, &bytes, &[SecurityStore, Extensions]);
    let stamped = signed_as(&bytes, SubFilter::Rfc3161);
    permitted(
        &base,
        &stamped,
        &[TimestampAdded, SecurityStore, Extensions],
    );
}

#[test]
fn a_store_that_loses_an_entry_is_forbidden() {
    let mut all = with(1, "<< /Type /Catalog /Pages 2 0 R /DSS 24 0 R >>");
    all.extend([
        (20, stream("one")),
        (21, stream("two")),
        (24, "<< /Certs [20 0 R 21 0 R] >>".to_owned()),
    ]);
    let base = signed(&file(&all));
    let bytes = Update::of(24, "<< /Certs [20 0 R] >>").on(&base);
    forbidden(&base, &bytes, Structure);
}

#[test]
fn extensions_that_are_an_object_may_grow_and_may_not_go() {
    let catalog = "<< /Type /Catalog /Pages 2 0 R /Extensions 23 0 R >>";
    let mut all = with(1, catalog);
    all.push((23, "<< /ADBE << >> >>".to_owned()));
    let base = signed(&file(&all));
    let grown = Update::of(23, "<< /ADBE << >> /ESIC << >> >>").on(&base);
    permitted(&base, &grown, &[Extensions]);
    let lost = Update::of(23, "<< /ESIC << >> >>").on(&base);
    forbidden(&base, &lost, Structure);
}

#[test]
fn entries_that_cannot_be_read_are_left_out() {
    let mut all = with(1, "<< /Type /Catalog /Pages 2 0 R /DSS 24 0 R >>");
    all.extend([
        (20, stream("one")),
        (
            21,
            "<< /Filter /Unknown /Length 1 >>\nstream\nx\nendstream".to_owned(),
        ),
        (
            22,
            "<< /Filter /FlateDecode /Length 1 >>\nstream\nx\nendstream".to_owned(),
        ),
        (23, "(no stream)".to_owned()),
        (
            24,
            "<< /Certs [21 0 R 22 0 R 23 0 R 97 0 R (x) 20 0 R 20 0 R] /OCSPs 3 /VRI 5 >>"
                .to_owned(),
        ),
    ]);
    let base = file(&all);
    assert_eq!(read(&base), Some(evidence(&["one"], &[], &[])));
    // A list with something else than references is not made longer.
    let doc = inspect(&base, &Limits::default()).unwrap();
    let refused = append_dss(&doc, &evidence(&["two"], &[], &[])).unwrap_err();
    assert_eq!(refused.code(), "pdf-broken");
}

#[test]
fn a_store_beyond_the_budgets_is_refused() {
    let packed = extended(
        &file(&objects()),
        &evidence(&[&"a".repeat(5_000), &"b".repeat(5_000)], &[], &[]),
    )
    .unwrap();
    let usual = Limits::default();
    for limits in [
        Limits {
            max_evidence_entry_bytes: 4_999,
            ..usual.clone()
        },
        Limits {
            max_evidence_bytes: 9_999,
            ..usual.clone()
        },
        Limits {
            max_evidence_entries: 1,
            ..usual.clone()
        },
    ] {
        let refused = dss(&packed, &limits).unwrap_err();
        assert!(matches!(refused, Refusal::OverBudget { .. }), "{refused}");
    }
    let enough = Limits {
        max_evidence_entry_bytes: 5_000,
        max_evidence_bytes: 10_000,
        max_evidence_entries: 2,
        ..usual
    };
    assert!(dss(&packed, &enough).unwrap().is_some());
}

#[test]
fn every_sample_takes_evidence_between_its_signatures() {
    for (name, bytes) in samples() {
        if inspect(&bytes, &Limits::default()).is_err() {
            continue;
        }
        let once = signed(&bytes);
        let with_store = extended(&once, &evidence(&["root"], &["list"], &["good"])).unwrap();
        let (forbidden, found) = kinds(&once, &with_store);
        assert!(!forbidden, "{name}: {found:?}");
        let stamped = signed_as(&with_store, SubFilter::Rfc3161);
        let more = extended(&stamped, &evidence(&["stamper"], &[], &[])).unwrap();
        for field in signatures(&more, &Limits::default()).unwrap().fields {
            let end = usize::try_from(field.signed_end().unwrap()).unwrap();
            let (forbidden, kinds) = kinds(&more[..end], &more);
            assert!(!forbidden, "{name} {}: {kinds:?}", field.name);
        }
    }
}
