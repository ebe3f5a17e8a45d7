//! Small PDF files and updates made by hand, so that a test says exactly what is wrong with them.

use crate::pdf::{FieldRequest, Limits, Place, SubFilter, append_signature, inspect};
use std::fmt::Write;
use std::path::PathBuf;

/// The sample files, with their names; empty in a checkout without them.
pub(super) fn samples() -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pdfs"));
    let mut found: Vec<(String, Vec<u8>)> = [root.clone(), root.join("results")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pdf"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    found.sort();
    found
}

pub(super) fn sample(name: &str) -> Vec<u8> {
    let all = samples();
    let found = all.into_iter().find(|(other, _)| other == name);
    found.unwrap_or_else(|| panic!("no sample {name}")).1
}

/// A page with a text, a text field, a form, document information.
pub(super) fn objects() -> Vec<(u32, String)> {
    [
        (1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R >>"),
        (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
        (3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots 9 0 R >>"),
        (4, "<< /Length 41 >>\nstream\nBT /F1 12 Tf 72 720 Td (decision 17) Tj ET\nendstream"),
        (5, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"),
        (6, "<< /Title (decision) /Producer (craft) >>"),
        (7, "<< /Type /Annot /Subtype /Widget /FT /Tx /T (number) /V (17) /Rect [72 600 200 620] /P 3 0 R >>"),
        (8, "<< /Fields [7 0 R] >>"),
        (9, "[7 0 R]"),
    ]
    .map(|(number, text)| (number, text.replace("41", "42")))
    .to_vec()
}

pub(super) fn with(number: u32, text: &str) -> Vec<(u32, String)> {
    let mut all = objects();
    all.retain(|(other, _)| *other != number);
    all.push((number, text.to_owned()));
    all.sort();
    all
}

/// A file of one revision.
pub(super) fn file(objects: &[(u32, String)]) -> Vec<u8> {
    Update {
        objects: objects.to_vec(),
        first: true,
        ..Update::default()
    }
    .on(b"%PDF-1.7\n")
}

/// One more revision with a classic table.
#[derive(Debug, Clone, Default)]
pub(super) struct Update {
    pub objects: Vec<(u32, String)>,
    /// Written, but not listed.
    pub unlisted: Vec<(u32, String)>,
    /// Listed as free.
    pub freed: Vec<u32>,
    /// Listed at another offset than their own.
    pub elsewhere: Vec<(u32, usize)>,
    /// More entries of the trailer.
    pub trailer: String,
    pub size: Option<u32>,
    pub no_prev: bool,
    pub first: bool,
    /// Bytes after `%%EOF`.
    pub after: String,
    pub no_ending: bool,
}

impl Update {
    pub fn of(number: u32, text: &str) -> Update {
        Update {
            objects: vec![(number, text.to_owned())],
            ..Update::default()
        }
    }

    pub fn and(mut self, number: u32, text: &str) -> Update {
        self.objects.push((number, text.to_owned()));
        self
    }

    pub fn on(&self, base: &[u8]) -> Vec<u8> {
        let mut out = base.to_vec();
        let mut places = Vec::new();
        for (number, text) in &self.objects {
            places.push((*number, out.len()));
            out.extend_from_slice(format!("{number} 0 obj\n{text}\nendobj\n").as_bytes());
        }
        for (number, text) in &self.unlisted {
            out.extend_from_slice(format!("{number} 0 obj\n{text}\nendobj\n").as_bytes());
        }
        places.extend(self.elsewhere.iter().copied());
        let xref = out.len();
        let mut table = "xref\n".to_owned();
        if self.first {
            table.push_str("0 1\n0000000000 65535 f \n");
        }
        for (number, offset) in &places {
            write!(table, "{number} 1\n{offset:010} 00000 n \n").unwrap();
        }
        for number in &self.freed {
            write!(table, "{number} 1\n0000000000 00001 f \n").unwrap();
        }
        let highest = places.iter().map(|(number, _)| *number).max().unwrap_or(0);
        let size = self.size.unwrap_or(highest.max(60) + 1);
        write!(
            table,
            "trailer\n<< /Size {size} /Root 1 0 R /Info 6 0 R {}",
            self.trailer
        )
        .unwrap();
        if !self.first && !self.no_prev {
            write!(table, " /Prev {}", last_xref(base)).unwrap();
        }
        table.push_str(" >>\n");
        if !self.no_ending {
            write!(table, "startxref\n{xref}\n%%EOF\n").unwrap();
        }
        table.push_str(&self.after);
        out.extend_from_slice(table.as_bytes());
        out
    }
}

pub(super) fn last_xref(file: &[u8]) -> usize {
    let at = find_last(file, b"startxref\n") + 10;
    let digits = file[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

pub(super) fn find(file: &[u8], word: &[u8]) -> usize {
    file.windows(word.len())
        .position(|bytes| bytes == word)
        .unwrap()
}

pub(super) fn find_last(file: &[u8], word: &[u8]) -> usize {
    file.windows(word.len())
        .rposition(|bytes| bytes == word)
        .unwrap()
}

/// The same length, so that offsets stay.
pub(super) fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = find_last(file, from.as_bytes());
    let mut out = file.to_vec();
    out[at..at + to.len()].copy_from_slice(to.as_bytes());
    out
}

pub(super) fn request(sub_filter: SubFilter) -> FieldRequest {
    FieldRequest {
        sub_filter,
        m: Some("D:20261124090000+07'00'".to_owned()),
        name: Some("Ủy ban nhân dân".to_owned()),
        reason: None,
        location: Some("(Hà Nội)".to_owned()),
        contents_bytes: 64,
        place: Place::Invisible,
    }
}

/// Signed by our own writer; what stands in Contents is no matter of this layer.
pub(super) fn signed(file: &[u8]) -> Vec<u8> {
    signed_as(file, SubFilter::CadesDetached)
}

pub(super) fn signed_as(file: &[u8], sub_filter: SubFilter) -> Vec<u8> {
    let doc = inspect(file, &Limits::default()).unwrap();
    let increment = append_signature(&doc, &request(sub_filter)).unwrap();
    [file, &increment.fill(b"\x30\x05abcde").unwrap()].concat()
}

/// One more revision whose `members` lie in an object stream (number 80), listed by a cross-reference stream (81).
/// `listed` gives the place in the object stream that the cross-references state for each member.
pub(super) fn compressed(
    base: &[u8],
    members: &[(u32, &str)],
    objects: &[(u32, &str)],
    listed: impl Fn(usize) -> usize,
) -> Vec<u8> {
    let mut out = base.to_vec();
    let mut rows: Vec<(u32, [u8; 7])> = Vec::new();
    let mut place = |number: u32, kind: u8, second: usize, third: usize| {
        let mut row = [kind; 7];
        row[1..5].copy_from_slice(&u32::try_from(second).unwrap().to_be_bytes());
        row[5..].copy_from_slice(&u16::try_from(third).unwrap().to_be_bytes());
        rows.push((number, row));
    };
    let mut head = String::new();
    let mut body = String::new();
    for (index, (number, text)) in members.iter().enumerate() {
        write!(head, "{number} {} ", body.len()).unwrap();
        body.push_str(text);
        body.push('\n');
        place(*number, 2, 80, listed(index));
    }
    let container = format!(
        "<< /Type /ObjStm /N {} /First {} /Length {} >>\nstream\n{head}{body}\nendstream",
        members.len(),
        head.len(),
        head.len() + body.len()
    );
    for (number, text) in objects.iter().copied().chain([(80, container.as_str())]) {
        place(number, 1, out.len(), 0);
        out.extend_from_slice(format!("{number} 0 obj\n{text}\nendobj\n").as_bytes());
    }
    let xref = out.len();
    place(81, 1, xref, 0);
    rows.sort();
    let index: String = rows
        .iter()
        .map(|(number, _)| format!("{number} 1 "))
        .collect();
    let head = format!(
        "81 0 obj\n<< /Type /XRef /W [1 4 2] /Index [{index}] /Size 90 /Root 1 0 R /Info 6 0 R /Prev {} /Length {} >>\nstream\n",
        last_xref(base),
        rows.len() * 7
    );
    out.extend_from_slice(head.as_bytes());
    out.extend(rows.iter().flat_map(|(_, row)| *row));
    out.extend_from_slice(format!("\nendstream\nendobj\nstartxref\n{xref}\n%%EOF\n").as_bytes());
    out
}
