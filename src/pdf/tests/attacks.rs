//! Changes after signing by what they change: each is forbidden by its name, and honest ones are permitted by theirs.

use super::craft::{Update, file, request, signed, signed_as, with};
use super::ruling::{PAGE, STREAM, base, change, forbidden, kinds, permitted};
use crate::pdf::ChangeKind::*;
use crate::pdf::{Limits, SubFilter};

#[test]
fn the_content_of_a_page() {
    change(&Update::of(4, STREAM), PageContent);
    change(
        &Update::of(3, &format!("<< {PAGE} /Contents 70 0 R /Annots 9 0 R >>")).and(70, STREAM),
        PageContent,
    );
    change(
        &Update::of(
            3,
            &format!("<< {PAGE} /Contents 4 0 R /Annots 9 0 R /Rotate 90 >>"),
        ),
        PageContent,
    );
    change(
        &Update::of(5, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"),
        PageContent,
    );
}

#[test]
fn the_page_tree() {
    change(
        &Update::of(2, "<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"),
        PageTree,
    );
    let catalog = "<< /Type /Catalog /Pages 70 0 R /AcroForm 8 0 R >>";
    change(
        &Update::of(1, catalog).and(70, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        PageTree,
    );
}

#[test]
fn annotations() {
    let note = "<< /Type /Annot /Subtype /FreeText /Rect [0 0 99 99] /Contents (void) >>";
    change(
        &Update::of(9, "[7 0 R 62 0 R 70 0 R]").and(70, note),
        Structure,
    );
    change(
        &Update::of(
            3,
            &format!("<< {PAGE} /Contents 4 0 R /Annots [7 0 R 62 0 R 70 0 R] >>"),
        )
        .and(70, note),
        Annotation,
    );
    change(
        &Update::of(3, &format!("<< {PAGE} /Contents 4 0 R /Annots [62 0 R] >>")),
        Annotation,
    );
}

#[test]
fn form_fields() {
    let field = |rest: &str| {
        format!("<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) {rest} /P 3 0 R >>")
    };
    change(
        &Update::of(7, &field("/V (18) /Rect [72 600 200 620]")),
        FormFill,
    );
    change(
        &Update::of(7, &field("/V (17) /Rect [0 0 200 620]")),
        FormField,
    );
    change(
        &Update::of(7, &field("/V (17) /Rect [72 600 200 620] /AA << >>")),
        Script,
    );
    change(
        &Update::of(8, "<< /Fields [62 0 R] /SigFlags 3 >>"),
        FormField,
    );
    change(
        &Update::of(8, "<< /Fields [7 0 R 62 0 R] /SigFlags 0 >>"),
        FormField,
    );
    change(
        &Update::of(
            8,
            "<< /Fields [7 0 R 62 0 R] /SigFlags 3 /NeedAppearances true >>",
        ),
        FormField,
    );
    change(
        &Update::of(8, "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>").and(70, &field("")),
        FormField,
    );
}

#[test]
fn signature_fields_that_are_not_signed_or_do_more() {
    let form = "<< /Fields [7 0 R 62 0 R 70 0 R] /SigFlags 3 >>";
    let value = "<< /Type /Sig /ByteRange [0 0 0 0] /Contents <00> >>";
    let field = |rest: &str| {
        format!("<< /Type /Annot /Subtype /Widget /FT /Sig /T (new) /Rect [0 0 0 0] {rest} >>")
    };
    change(&Update::of(8, form).and(70, &field("")), FormField);
    change(&Update::of(8, form).and(70, &field("/V 61 0 R")), FormField);
    change(&Update::of(8, form).and(70, &field("/V 4 0 R")), FormField);
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /AA << >>"))
            .and(71, value),
        Script,
    );
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /Parent 7 0 R"))
            .and(71, value),
        FormField,
    );
    change(
        &Update::of(8, form)
            .and(70, &field("/V 71 0 R /T (twice)"))
            .and(71, value),
        FormField,
    );
}

#[test]
fn the_catalog() {
    let catalog = |rest: &str| format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R {rest} >>");
    change(
        &Update::of(1, &catalog("/OpenAction << /S /JavaScript /JS (x) >>")),
        Script,
    );
    change(
        &Update::of(1, &catalog("/OCProperties << >>")),
        OptionalContent,
    );
    change(&Update::of(1, &catalog("/Perms << >>")), SignatureAltered);
    change(&Update::of(1, &catalog("/Lang (vi)")), Structure);
    change(&Update::of(1, &catalog("/Version /9.9")), Structure);
    change(&Update::of(1, &catalog("/AcroForm 8 0 R")), Unreadable);
    change(
        &Update::of(1, "<< /Type /Catalog /Pages 2 0 R >>"),
        FormField,
    );
}

#[test]
fn the_signature_itself() {
    change(
        &Update::of(61, "<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>"),
        SignatureAltered,
    );
    change(
        &Update::of(
            62,
            "<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /V 61 0 R /Rect [0 0 0 0] >>",
        ),
        FormField,
    );
    change(&Update::of(63, STREAM), PageContent);
}

#[test]
fn document_information() {
    change(
        &Update::of(6, "<< /Title (another) /Producer (craft) >>"),
        Structure,
    );
    let base = base();
    let saved = "<< /Title (deci\\163ion) /Producer (other) /ModDate (D:2027) >>";
    permitted(&base, &Update::of(6, saved).on(&base), &[DocumentInfo]);
}

#[test]
fn an_object_that_the_signed_revision_names_but_lacks() {
    let page = format!("<< {PAGE} /Contents [4 0 R 40 0 R] /Annots 9 0 R >>");
    let base = signed(&file(&with(3, &page)));
    forbidden(&base, &Update::of(40, STREAM).on(&base), HiddenObject);
    let free = signed(
        &Update {
            freed: vec![40],
            ..Update::default()
        }
        .on(&file(&with(3, &page))),
    );
    forbidden(&free, &Update::of(40, STREAM).on(&free), HiddenObject);
    permitted(&base, &Update::of(41, STREAM).on(&base), &[]);
}

#[test]
fn a_security_store_that_grows() {
    let catalog = |rest: &str| format!("<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R {rest} >>");
    let base = base();
    let store = Update::of(
        1,
        &catalog("/DSS 70 0 R /Extensions << /ESIC << /BaseVersion /1.7 /ExtensionLevel 5 >> >>"),
    )
    .and(
        70,
        "<< /Certs 71 0 R /VRI << /AB << /Cert [72 0 R] >> >> >>",
    )
    .and(71, "[72 0 R]")
    .and(72, STREAM)
    .on(&base);
    permitted(&base, &store, &[SecurityStore, Extensions]);
    let more = Update::of(71, "[72 0 R 73 0 R]").and(73, STREAM).on(&store);
    permitted(&store, &more, &[SecurityStore]);
    permitted(&base, &more, &[SecurityStore, Extensions]);
    forbidden(&store, &Update::of(71, "[]").on(&store), Structure);
    forbidden(
        &store,
        &Update::of(72, "<< /Length 1 >>\nstream\nx\nendstream").on(&store),
        PageContent,
    );
    forbidden(&store, &Update::of(1, &catalog("")).on(&store), Structure);
    forbidden(
        &store,
        &Update::of(70, "<< /Certs 71 0 R /Odd 3 >>").on(&store),
        Structure,
    );
}

#[test]
fn a_list_of_certificates_that_is_also_the_content_of_a_page() {
    let mut all = with(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /DSS << /Certs 10 0 R >> >>",
    );
    all.retain(|(number, _)| *number != 3);
    all.push((3, format!("<< {PAGE} /Contents 10 0 R /Annots 9 0 R >>")));
    all.push((10, "[4 0 R]".to_owned()));
    all.sort();
    let base = signed(&file(&all));
    forbidden(
        &base,
        &Update::of(10, "[4 0 R 70 0 R]").and(70, STREAM).on(&base),
        Structure,
    );
}

#[test]
fn metadata_is_an_xmp_packet_or_a_change_of_structure() {
    let packet = "<< /Type /Metadata /Subtype /XML /Length 1 >>\nstream\nx\nendstream";
    let mut all = with(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /Metadata 10 0 R >>",
    );
    all.push((10, packet.replace("\nx\n", "\ny\n")));
    let base = signed(&file(&all));
    permitted(&base, &Update::of(10, packet).on(&base), &[Metadata]);
    forbidden(&base, &Update::of(10, STREAM).on(&base), Structure);
    let mut shared = all.clone();
    shared.retain(|(number, _)| *number != 3);
    shared.push((3, format!("<< {PAGE} /Contents 10 0 R /Annots 9 0 R >>")));
    shared.sort();
    let base = signed(&file(&shared));
    forbidden(&base, &Update::of(10, packet).on(&base), Structure);
}

#[test]
fn further_signatures_and_time_stamps() {
    let base = base();
    permitted(&base, &signed(&base), &[SignatureAdded]);
    permitted(
        &base,
        &signed_as(&base, SubFilter::Rfc3161),
        &[TimestampAdded],
    );
    permitted(
        &base,
        &signed_as(&signed(&base), SubFilter::Rfc3161),
        &[SignatureAdded, TimestampAdded],
    );
}

#[test]
fn a_signature_that_forbids_every_change() {
    for (lock, expected) in [
        (
            "/Lock << /Type /SigFieldLock /Action /Include /Fields [] /P 1 >>",
            true,
        ),
        ("/Lock << /Type /SigFieldLock /Action /All >>", true),
        (
            "/Lock << /Type /SigFieldLock /Action /Exclude /Fields [(other)] >>",
            true,
        ),
        (
            "/Lock << /Type /SigFieldLock /Action /Include /Fields [(other)] >>",
            false,
        ),
    ] {
        let field = format!("<< /FT /Sig /T (first) /V 11 0 R {lock} >>");
        let mut all = with(8, "<< /Fields [7 0 R 10 0 R] >>");
        all.push((10, field));
        all.push((
            11,
            "<< /Type /Sig /Filter /X /SubFilter /Y /Contents <30> /ByteRange [0 0 0 0] >>"
                .to_owned(),
        ));
        let base = file(&all);
        let doc = crate::pdf::inspect(&base, &Limits::default()).unwrap();
        let refused = crate::pdf::append_signature(&doc, &request(SubFilter::CadesDetached));
        assert_eq!(
            refused.err().map(|refusal| refusal.code()),
            expected.then_some("pdf-locked-by-certification"),
            "{lock}"
        );
        let value = "<< /Type /Sig /Filter /X /SubFilter /Y /Contents <30> /ByteRange [0 0 0 0] >>";
        let more = Update::of(8, "<< /Fields [7 0 R 10 0 R 70 0 R] /SigFlags 3 >>")
            .and(70, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (second) /Rect [0 0 0 0] /V 71 0 R >>")
            .and(71, value)
            .on(&base);
        let (is_forbidden, kinds) = kinds(&base, &more);
        assert_eq!(
            (is_forbidden, kinds.contains(&Locked)),
            (expected, expected),
            "{lock} {kinds:?}"
        );
    }
}
