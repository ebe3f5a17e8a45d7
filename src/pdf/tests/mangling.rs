//! Damaged files: no panic, no hang, and never a sound answer for bytes that were signed otherwise.
//!
//! Seeded: the same mutants on every run.

use super::craft::{Update, file, objects, samples, signed, signed_as, with};
use super::places::shown;
use crate::pdf::{
    Changes, Dss, Inspected, Limits, Place, SubFilter, append_dss, append_page,
    append_page_content, append_signature, changes_after, dss, inspect, signatures,
};

/// xorshift64*: a sequence that does not depend on any library's version.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % below.max(1)
    }
}

/// Words that make structure; swapped in to reach deeper than random bytes do.
const WORDS: [&str; 24] = [
    "obj",
    "endobj",
    "stream",
    "endstream",
    "xref",
    "trailer",
    "startxref",
    "%%EOF",
    "/Prev",
    "/Size",
    "/Length",
    "/Kids",
    "/Root",
    "/W",
    "/Index",
    "<<",
    ">>",
    "[",
    "]",
    "(",
    "R",
    "99999999999999999999",
    "-1",
    "/Contents",
];

fn mutant(dice: &mut Dice, source: &[u8]) -> Vec<u8> {
    let mut out = source.to_vec();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(out.len());
        match dice.roll(7) {
            0 => out[at] ^= 1 << dice.roll(8),
            1 => out[at] = u8::try_from(dice.roll(256)).unwrap(),
            2 => out.truncate(at.max(1)),
            3 => {
                let end = (at + dice.roll(200)).min(out.len());
                out.drain(at..end);
            }
            4 => {
                let end = (at + dice.roll(400)).min(out.len());
                let piece = out[at..end].to_vec();
                let to = dice.roll(out.len());
                out.splice(to..to, piece);
            }
            5 => {
                let word = WORDS[dice.roll(WORDS.len())].as_bytes();
                let end = (at + word.len()).min(out.len());
                out.splice(at..end, word.iter().copied());
            }
            _ => {
                // A digit for a digit: offsets, lengths, numbers of objects.
                let digits: Vec<usize> = (0..out.len())
                    .filter(|at| out[*at].is_ascii_digit())
                    .collect();
                if !digits.is_empty() {
                    let at = digits[dice.roll(digits.len())];
                    out[at] = b'0' + u8::try_from(dice.roll(10)).unwrap();
                }
            }
        }
        if out.is_empty() {
            out.push(0);
        }
    }
    out
}

/// Everything that a stranger's file passes through.
fn all_the_way(bytes: &[u8]) {
    let limits = Limits::default();
    if let Ok(doc) = inspect(bytes, &limits) {
        let request = super::craft::request(SubFilter::CadesDetached);
        if let Ok(increment) = append_signature(&doc, &request) {
            let whole = [bytes, &increment.fill(b"\x30").unwrap()].concat();
            let again = signatures(&whole, &limits).unwrap();
            let ours = again
                .fields
                .iter()
                .find(|field| field.signed_end() == Some(whole.len() as u64));
            assert!(
                ours.is_some_and(|field| field.is_well_formed()),
                "what is signed must be readable"
            );
        }
    }
    if let Ok(doc) = inspect(bytes, &limits) {
        every_other_revision(&doc);
    }
    if let Ok(found) = signatures(bytes, &limits) {
        for field in found.fields {
            if let Some(end) = field.signed_end() {
                let _ = changes_after(bytes, end, &limits);
            }
            let _ = field.signed_parts(bytes);
        }
    }
}

/// What is appended besides an unseen signature: refused, or a file that can be read and added to again.
fn every_other_revision(doc: &Inspected<'_>) {
    let limits = Limits::default();
    let taken = |tail: Vec<u8>| {
        let whole = [doc.bytes(), &tail].concat();
        if let Err(refusal) = inspect(&whole, &limits) {
            panic!("what is appended must be readable: {refusal}");
        }
        whole
    };
    let _ = (doc.pdf_a(), doc.is_tagged(), dss(doc.bytes(), &limits));
    let fresh = vec![b"fresh".to_vec()];
    let evidence = Dss {
        certificates: fresh.clone(),
        crls: fresh.clone(),
        ocsps: fresh,
    };
    if let Ok(Some(tail)) = append_dss(doc, &evidence) {
        let found = dss(&taken(tail), &limits).unwrap().unwrap();
        assert!(found.certificates.contains(&b"fresh".to_vec()));
    }
    let stamp = shown(0, [0.0, 0.0, 2.0, 2.0]);
    let _ = doc.page_box(0);
    if let Ok(tail) = append_page_content(doc, &stamp) {
        taken(tail);
    }
    if let Ok(tail) = append_page(doc, [9.0, 9.0], &stamp) {
        let whole = taken(tail);
        assert_eq!(inspect(&whole, &limits).unwrap().pages(), doc.pages() + 1);
    }
    let fields = doc.signature_field_places().unwrap_or_default();
    let fields = fields.into_iter().map(|field| Place::Field {
        name: field.name,
        appearance: None,
    });
    for place in fields.chain([Place::Visible(stamp)]) {
        let mut request = super::craft::request(SubFilter::CadesDetached);
        request.place = place;
        if let Ok(increment) = append_signature(doc, &request) {
            taken(increment.fill(b"\x30").unwrap());
        }
    }
}

/// Signed by nobody yet: an empty field with a lock and seed values, a store, a tree of pages.
fn form_with_an_empty_field() -> Vec<u8> {
    let mut all = with(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /DSS 20 0 R /Extensions << /ESIC [<< /ExtensionLevel 2 >>] >> >>",
    );
    all[1].1 = "<< /Type /Pages /Kids [3 0 R] /Count 1 /Rotate 90 /MediaBox [0 0 595 842] /Resources << /XObject 24 0 R >> >>".to_owned();
    all[2].1 =
        "<< /Type /Page /Parent 2 0 R /Contents [4 0 R] /Annots [7 0 R 10 0 R] >>".to_owned();
    all[7].1 = "<< /Fields [7 0 R 10 0 R] >>".to_owned();
    all.extend([
        (10, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (chief) /Rect [0 0 9 9] /SV << /Ff 2 /SubFilter [/ETSI.CAdES.detached] >> /Lock << /Action /Include /Fields [(number)] >> >>".to_owned()),
        (20, "<< /Certs 21 0 R /CRLs [23 0 R] /VRI << /AB << /Cert [22 0 R] >> >> >>".to_owned()),
        (21, "[22 0 R]".to_owned()),
        (22, "<< /Length 3 >>\nstream\none\nendstream".to_owned()),
        (23, "<< /Length 4 >>\nstream\nlist\nendstream".to_owned()),
        (24, "<< /Im 4 0 R >>".to_owned()),
    ]);
    file(&all)
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = samples()
        .into_iter()
        .map(|(_, bytes)| bytes)
        .filter(|bytes| bytes.len() < 18_000)
        .collect();
    let base = signed(&file(&objects()));
    let store = Update::of(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R /DSS << /Certs [70 0 R] >> >>",
    )
    .and(70, "<< /Length 1 >>\nstream\nx\nendstream")
    .on(&base);
    seeds.push(signed_as(&store, SubFilter::Rfc3161));
    seeds.push(base);
    seeds.extend(std::iter::repeat_n(form_with_an_empty_field(), 20));
    let signable: Vec<Vec<u8>> = seeds
        .iter()
        .filter(|bytes| inspect(bytes, &Limits::default()).is_ok())
        .cloned()
        .collect();
    seeds.extend(signable.iter().map(|bytes| signed(&signed(bytes))));
    seeds
}

#[test]
fn thousands_of_mutants_cost_no_panic() {
    let seeds = seeds();
    let mut dice = Dice(0x5EED_0001);
    for round in 0..6_000 {
        all_the_way(&mutant(&mut dice, &seeds[round % seeds.len()]));
    }
}

/// What is appended to a signed file is either nothing, or named, or forbidden: never silently ignored.
#[test]
fn mutated_updates_are_never_taken_for_nothing() {
    let base = signed(&file(&objects()));
    let update = signed(&base);
    let tail = &update[base.len()..];
    let mut dice = Dice(0x5EED_0002);
    for _ in 0..6_000 {
        let bytes = [base.as_slice(), &mutant(&mut dice, tail)].concat();
        match changes_after(&bytes, base.len() as u64, &Limits::default()) {
            Changes::None => panic!("a tail was ignored"),
            Changes::Forbidden(changes) => assert!(!changes.is_empty()),
            Changes::Permitted(changes) => {
                assert!(changes.iter().all(|change| change.kind.is_permitted()))
            }
        }
    }
}

/// A page whose content changed is never permitted, whatever else is wrong with the update.
#[test]
fn mutated_attacks_are_never_permitted() {
    let base = signed(&file(&objects()));
    let attack = Update::of(4, "<< /Length 4 >>\nstream\nEVIL\nendstream").on(&base);
    let tail = &attack[base.len()..];
    let mut dice = Dice(0x5EED_0003);
    for _ in 0..6_000 {
        let mutated = mutant(&mut dice, tail);
        // The attack must still be in it: the object under its number and the evil content.
        let text = String::from_utf8_lossy(&mutated).into_owned();
        let bytes = [base.as_slice(), &mutated].concat();
        let found = changes_after(&bytes, base.len() as u64, &Limits::default());
        if text.contains("\n4 0 obj") || text.starts_with("4 0 obj") {
            assert!(matches!(found, Changes::Forbidden(_)), "{text}");
        }
    }
}

#[test]
fn inflated_bombs_are_refused() {
    let rows = vec![0u8; 400 << 20 >> 4];
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &rows).unwrap();
    let packed = packer.finish().unwrap();
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let head = format!(
        "1 0 obj\n<< /Type /XRef /Size 9 /W [1 4 2] /Root 1 0 R /Filter /FlateDecode /Length {} >>\nstream\n",
        packed.len()
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&packed);
    bytes.extend_from_slice(b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n");
    assert_eq!(
        inspect(&bytes, &Limits::default()).unwrap_err().code(),
        "pdf-over-budget"
    );
}
