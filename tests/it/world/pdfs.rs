//! PDF files made on the spot: small, valid, each different; and the kinds that must not be signed.

use std::fmt::Write as _;

/// One page (ISO 32000-1, classic cross-reference table) that shows `text`, with `padding_bytes` of comment.
pub fn page(text: &str, padding_bytes: usize) -> Vec<u8> {
    build(&objects(text, padding_bytes), "")
}

fn objects(text: &str, padding_bytes: usize) -> Vec<String> {
    let shown: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '\\') || *c == ' ')
        .collect();
    let mut content = format!("BT /F1 14 Tf 72 760 Td ({shown}) Tj ET\n");
    // Lines of a comment that differ, so that no two chunks of a stored file are equal.
    let mut line = 0u32;
    let target = content.len() + padding_bytes;
    while content.len() < target {
        line = line.wrapping_add(1);
        let mixed = line.wrapping_mul(2_654_435_761);
        writeln!(content, "% {shown} {line:08} {mixed:08x}").unwrap();
    }
    vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Length {} >>\nstream\n{content}endstream",
            content.len()
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>".to_owned(),
    ]
}

fn build(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n%\u{00e2}\u{00e3}\n");
    let mut offsets = Vec::new();
    for (place, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        write!(out, "{} 0 obj\n{object}\nendobj\n", place + 1).unwrap();
    }
    let table = out.len();
    let size = objects.len() + 1;
    write!(out, "xref\n0 {size}\n0000000000 65535 f \n").unwrap();
    for offset in offsets {
        writeln!(out, "{offset:010} 00000 n ").unwrap();
    }
    write!(
        out,
        "trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"
    )
    .unwrap();
    out.into_bytes()
}

/// What cannot be signed, with the code that says so.
pub fn unsignable() -> Vec<(&'static str, Vec<u8>)> {
    let whole = page("cut in the middle", 2_000);
    let cut = whole.len() / 2;
    vec![
        ("pdf_encrypted", encrypted()),
        ("pdf_xfa", xfa()),
        ("pdf_hybrid_xref", hybrid()),
        ("pdf_broken", whole[..cut].to_vec()),
        (
            "pdf_not_pdf",
            b"PK\x03\x04 this is a word processor's file, not a PDF".repeat(40),
        ),
    ]
}

fn encrypted() -> Vec<u8> {
    let mut all = objects("locked", 0);
    let key = "A".repeat(32);
    all.push(format!(
        "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O ({key}) /U ({key}) >>"
    ));
    build(
        &all,
        "/Encrypt 6 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]",
    )
}

fn xfa() -> Vec<u8> {
    let mut all = objects("a form computed from XML", 0);
    let xml = "<xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"></xdp:xdp>\n";
    all[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA 6 0 R >> >>".to_owned();
    all.push(format!(
        "<< /Length {} >>\nstream\n{xml}endstream",
        xml.len()
    ));
    build(&all, "")
}

/// ISO 32000-1 7.5.8.4: a table for old readers and, beside it, a stream for new ones.
fn hybrid() -> Vec<u8> {
    let mut all = objects("two readers, two files", 0);
    let entry = "\0\0\0\0";
    all.push(format!(
        "<< /Type /XRef /Size 7 /W [1 2 1] /Index [0 1] /Root 1 0 R /Length {} >>\nstream\n{entry}\nendstream",
        entry.len()
    ));
    let plain = build(&all, "");
    let at = find(&plain, b"6 0 obj").unwrap();
    build(&all, &format!("/XRefStm {at}"))
}

pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
