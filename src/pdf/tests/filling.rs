//! Empty signature fields of a file: which are filled, what their authors may demand, and what each refusal is called.

use super::craft::{Update, compressed, file, find, objects, request, signed, signed_as, with};
use super::places::{placed, shown, sound};
use super::ruling::{kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{
    FieldState, Limits, Place, SignatureKind, SubFilter, append_signature, inspect, signatures,
};

fn empty_field(name: &str) -> Place {
    Place::Field {
        name: name.to_owned(),
        appearance: None,
    }
}

/// Field 10 as given, its widget 11 where it has one; 12 and 13 hang on other objects.
fn with_field(field: &str, more: &[(u32, &str)]) -> Vec<(u32, String)> {
    let mut all = with(8, "<< /Fields [7 0 R 10 0 R] >>");
    all.retain(|(number, _)| *number != 9);
    all.push((9, "[7 0 R 10 0 R 11 0 R]".to_owned()));
    all.push((10, field.to_owned()));
    all.extend(
        more.iter()
            .map(|(number, text)| (*number, (*text).to_owned())),
    );
    all.sort();
    all
}

const MERGED: &str =
    "/Type /Annot /Subtype /Widget /FT /Sig /T (chief) /Rect [300 100 100 160] /F 4 /P 3 0 R";

#[test]
fn an_empty_field_that_is_its_own_widget_is_filled() {
    let base = file(&with_field(&format!("<< {MERGED} >>"), &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    let places = doc.signature_field_places().unwrap();
    assert_eq!(places.len(), 1);
    assert_eq!(
        (places[0].name.as_str(), places[0].page, places[0].state),
        ("chief", 0, FieldState::Empty)
    );
    assert_eq!(places[0].rect, [100.0, 100.0, 300.0, 160.0]);
    let bytes = placed(&base, empty_field("chief")).unwrap();
    sound(&bytes, "chief", 1);
    assert!(find(&bytes[base.len()..], b"/BBox [0 0 200 60]") > 0);
    assert_eq!(
        placed(&bytes, empty_field("chief")).unwrap_err(),
        "pdf-field-already-signed"
    );
    sound(&signed(&bytes), "Antin-Seal-1", 2);
}

#[test]
fn filling_a_field_after_a_signature_is_permitted_by_its_name() {
    for (field, more) in [
        (format!("<< {MERGED} >>"), vec![]),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R] >>".to_owned(),
            vec![(
                11,
                "<< /Type /Annot /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] /P 3 0 R >>",
            )],
        ),
    ] {
        let base = signed(&file(&with_field(&field, &more)));
        let plain = placed(&base, empty_field("chief")).unwrap();
        sound(&plain, "chief", 2);
        let place = Place::Field {
            name: "chief".to_owned(),
            appearance: Some(shown(0, [0.0; 4])),
        };
        let stamped = placed(&base, place).unwrap();
        sound(&stamped, "chief", 2);
        let (_, kinds) = kinds(&base, &stamped);
        assert!(kinds.contains(&VisibleSignatureAdded), "{kinds:?}");
    }
}

#[test]
fn a_widget_that_does_not_name_its_field_is_known_by_the_fields_kids() {
    let base = signed(&file(&with_field(
        "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
        &[(
            11,
            "<< /Type /Annot /Subtype /Widget /Rect [0 0 9 9] /AP << /N 4 0 R >> >>",
        )],
    )));
    let place = Place::Field {
        name: "chief".to_owned(),
        appearance: Some(shown(0, [0.0; 4])),
    };
    sound(&placed(&base, place).unwrap(), "chief", 2);
    // Nothing to show: the widget of a signed file stays as it is.
    let plain = placed(&base, empty_field("chief")).unwrap();
    sound(&plain, "chief", 2);
    let tail = String::from_utf8_lossy(&plain[base.len()..]);
    assert!(!tail.contains("\n11 0 obj"));
}

#[test]
fn the_widget_of_a_field_changes_only_with_its_field() {
    let widget = "/Type /Annot /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] /P 3 0 R";
    let base = signed(&file(&with_field(
        "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
        &[(11, &format!("<< {widget} >>"))],
    )));
    let shows = Update::of(11, &format!("<< {widget} /AP << /N 70 0 R >> >>"))
        .and(70, super::ruling::STREAM)
        .on(&base);
    let (forbidden, kinds) = kinds(&base, &shows);
    assert!(forbidden && kinds.contains(&FormFill), "{kinds:?}");
}

#[test]
fn a_field_below_others_is_found_by_its_whole_name() {
    let base = file(&with_field(
        "<< /T (office) /FT /Sig /Kids [11 0 R 12 0 R] >>",
        &[
            (
                11,
                "<< /T (chief) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
            (
                12,
                "<< /T (deputy) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
        ],
    ));
    sound(
        &placed(&base, empty_field("office.deputy")).unwrap(),
        "office.deputy",
        1,
    );
    for (name, code) in [
        ("office", "pdf-not-a-signature-field"),
        ("deputy", "pdf-no-such-field"),
        ("office.chief.x", "pdf-no-such-field"),
        ("", "pdf-no-such-field"),
        ("number", "pdf-not-a-signature-field"),
    ] {
        assert_eq!(
            placed(&base, empty_field(name)).unwrap_err(),
            code,
            "{name}"
        );
    }
}

#[test]
fn fields_whose_place_cannot_be_told_are_refused() {
    for (field, more) in [
        ("<< /FT /Sig /T (chief) >>", vec![]),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R 12 0 R] >>",
            vec![
                (11, "<< /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] >>"),
                (12, "<< /Subtype /Widget /Parent 10 0 R /Rect [0 0 9 9] >>"),
            ],
        ),
        (
            "<< /FT /Sig /T (chief) /Kids [11 0 R] >>",
            vec![(11, "<< /Subtype /Link /Parent 10 0 R /Rect [0 0 9 9] >>")],
        ),
    ] {
        let base = file(&with_field(field, &more));
        assert_eq!(
            placed(&base, empty_field("chief")).unwrap_err(),
            "pdf-field-demands",
            "{field}"
        );
    }
}

#[track_caller]
fn demand(seed: &str, taken: bool) {
    for (field, more) in [
        (format!("<< {MERGED} /SV << {seed} >> >>"), String::new()),
        (
            format!("<< {MERGED} /SV 12 0 R >>"),
            format!("<< {seed} >>"),
        ),
    ] {
        let base = file(&with_field(&field, &[(12, &more)]));
        let outcome = placed(&base, empty_field("chief"));
        let code = outcome.as_ref().err().copied();
        assert_eq!(code, (!taken).then_some("pdf-field-demands"), "{seed}");
    }
}

#[test]
fn seed_values_that_we_meet_are_no_obstacle() {
    for seed in [
        "/Type /SV",
        "/Ff 0 /Filter /Other /SubFilter [/adbe.pkcs7.detached] /LegalAttestation [(x)]",
        "/Ff 1 /Filter /Adobe.PPKLite",
        "/Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]",
        "/Ff 4 /V 2",
        "/Ff 8 /Reasons [(.)]",
        "/Ff 32 /AddRevInfo false",
        "/Ff 64 /DigestMethod [(SHA256) (SHA384) (SHA512)]",
        "/Ff 64 /DigestMethod [(sha512) (sha256) (sha384)]",
        "/Ff 128 /LockDocument /auto",
        "/MDP << /P 0 >>",
        "/Cert << /Type /SVCert /Subject [] >>",
        "/TimeStamp << /URL (http://tsa) /Ff 1 >>",
    ] {
        demand(seed, true);
    }
}

#[test]
fn seed_values_that_we_do_not_meet_are_refused() {
    for seed in [
        "/Ff 1 /Filter /Other",
        "/Ff 2 /SubFilter [/adbe.pkcs7.detached]",
        "/Ff 2 /SubFilter /ETSI.CAdES.detached",
        "/Ff 4 /V 4",
        "/Ff 8 /Reasons [(approved)]",
        "/Ff 16 /LegalAttestation [(x)]",
        "/Ff 32 /AddRevInfo true",
        "/Ff 64 /DigestMethod [(SHA1)]",
        "/Ff 64 /DigestMethod [(SHA256)]",
        "/Ff 128 /LockDocument /true",
        "/Ff 256 /AppearanceFilter (x)",
        "/Ff 512",
        "/Ff (1)",
        "/MDP << /P 2 >>",
        "/Cert << /Type /SVCert /Subject [] /Ff 1 >>",
    ] {
        demand(seed, false);
    }
}

#[test]
fn a_reason_that_the_author_offers_is_taken() {
    let field = format!("<< {MERGED} /SV << /Ff 8 /Reasons [(approved) <FEFF0110>] >> >>");
    let base = file(&with_field(&field, &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    for (reason, taken) in [("approved", true), ("Đ", true), ("seen", false)] {
        let mut request = request(SubFilter::CadesDetached);
        request.place = empty_field("chief");
        request.reason = Some(reason.to_owned());
        assert_eq!(append_signature(&doc, &request).is_ok(), taken, "{reason}");
    }
}

#[test]
fn a_document_time_stamp_takes_no_field_of_the_file() {
    let base = file(&with_field(&format!("<< {MERGED} >>"), &[]));
    let doc = inspect(&base, &Limits::default()).unwrap();
    let mut request = request(SubFilter::Rfc3161);
    request.place = empty_field("chief");
    let refused = append_signature(&doc, &request).unwrap_err();
    assert_eq!(refused.code(), "pdf-field-demands");
}

/// 12.8.2.4: the signature repeats the lock of its field.
#[test]
fn the_lock_of_a_field_is_written_into_its_signature() {
    for (lock, expected, locked) in [
        ("/Action /All", "/Action /All >> >>]", true),
        (
            "/Action /Include /Fields [(number) <FEFF0031>]",
            "/Action /Include /Fields [(number) <FEFF0031> ] >> >>]",
            false,
        ),
        (
            "/Action /Exclude /Fields 13 0 R",
            "/Action /Exclude /Fields [(x) ] >> >>]",
            true,
        ),
    ] {
        let field = format!("<< {MERGED} /Lock 12 0 R >>");
        let lock = format!("<< /Type /SigFieldLock {lock} >>");
        let base = file(&with_field(&field, &[(12, &lock), (13, "[(x)]")]));
        let bytes = placed(&base, empty_field("chief")).unwrap();
        sound(&bytes, "chief", 1);
        let tail = &bytes[base.len()..];
        let reference = find(
            tail,
            b"/Reference [<< /Type /SigRef /TransformMethod /FieldMDP",
        );
        assert!(reference > 0 && find(tail, b"/Data 1 0 R") > reference);
        assert!(find(tail, expected.as_bytes()) > reference, "{expected}");
        let doc = inspect(&bytes, &Limits::default()).unwrap();
        assert_eq!(doc.locked_by(), locked.then_some("chief"), "{expected}");
        let stamped = signed_as(&bytes, SubFilter::Rfc3161);
        let (forbidden, kinds) = kinds(&bytes, &stamped);
        assert_eq!((forbidden, kinds), (false, vec![TimestampAdded]));
    }
    for lock in [
        "/Action /None",
        "/Action /Include",
        "/Action /Include /Fields [/x]",
    ] {
        let field = format!("<< {MERGED} /Lock << {lock} >> >>");
        let base = file(&with_field(&field, &[]));
        let refused = placed(&base, empty_field("chief")).unwrap_err();
        assert_eq!(refused, "pdf-field-demands", "{lock}");
    }
}

#[test]
fn a_field_that_an_earlier_signature_locks_is_not_filled() {
    let lock = "/Lock << /Action /Include /Fields [(office)] >>";
    let mut all = with_field(
        "<< /FT /Sig /T (office) /Kids [11 0 R] >>",
        &[
            (
                11,
                "<< /T (chief) /Parent 10 0 R /Subtype /Widget /Rect [0 0 0 0] >>",
            ),
            (
                12,
                &format!("<< /FT /Sig /T (first) /Subtype /Widget /Rect [0 0 0 0] {lock} >>"),
            ),
        ],
    );
    all.retain(|(number, _)| *number != 8);
    all.push((8, "<< /Fields [7 0 R 10 0 R 12 0 R] >>".to_owned()));
    all.sort();
    let base = placed(&file(&all), empty_field("first")).unwrap();
    let refused = placed(&base, empty_field("office.chief")).unwrap_err();
    assert_eq!(refused, "pdf-locked-by-certification");
    sound(&signed(&base), "Antin-Seal-1", 2);
}

#[test]
fn after_a_signature_that_forbids_every_change_only_a_bare_time_stamp_follows() {
    let field = format!("<< {MERGED} /Lock << /Action /Include /Fields [] /P 1 >> >>");
    let base = placed(&file(&with_field(&field, &[])), empty_field("chief")).unwrap();
    let doc = inspect(&base, &Limits::default()).unwrap();
    assert_eq!(doc.locked_by(), Some("chief"));
    let mut shows = request(SubFilter::Rfc3161);
    shows.place = Place::Visible(shown(0, [0.0, 0.0, 9.0, 9.0]));
    for request in [request(SubFilter::CadesDetached), shows] {
        let refused = append_signature(&doc, &request).unwrap_err();
        assert_eq!(refused.code(), "pdf-locked-by-certification");
    }
    let stamped = signed_as(&base, SubFilter::Rfc3161);
    permitted(&base, &stamped, &[TimestampAdded]);
    let found = signatures(&stamped, &Limits::default()).unwrap();
    assert_eq!(found.fields[1].kind, SignatureKind::DocTimeStamp);
}

#[test]
fn a_field_in_an_object_stream_is_filled() {
    let base = compressed(
        &file(&objects()),
        &[
            (8, "<< /Fields [7 0 R 10 0 R] >>"),
            (9, "[7 0 R 10 0 R]"),
            (10, &format!("<< {MERGED} >>")),
        ],
        &[],
        |index| index,
    );
    let bytes = placed(&base, empty_field("chief")).unwrap();
    sound(&bytes, "chief", 1);
    let visible = placed(&bytes, Place::Visible(shown(0, [0.0, 0.0, 9.0, 9.0]))).unwrap();
    sound(&visible, "Antin-Seal-1", 2);
}
