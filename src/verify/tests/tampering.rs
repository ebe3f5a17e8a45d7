//! Bytes changed, cut off and added: never a wrong pass, never a panic.

use super::forge::document_stamped;
use super::*;
use crate::pdf;
use crate::verify::ChangesAfter;

/// Contents from `<` to `>` of every signature.
fn contents(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let found = pdf::signatures(file, &Limits::default()).unwrap();
    let ranges = found.fields.iter().filter_map(|f| f.contents_token.clone());
    ranges
        .map(|r| usize::try_from(r.start).unwrap()..usize::try_from(r.end).unwrap())
        .collect()
}

/// A changed byte inside what the last signature covers fails; inside Contents it must not pass as something it is not.
#[track_caller]
fn check_flips(file: &[u8], step: usize) {
    let clean = plain_report(file);
    check_report(&clean, PASSED);
    let gaps = contents(file);
    let first = gaps.first().unwrap();
    for position in (0..file.len()).step_by(step) {
        for mask in [0x01, 0x20] {
            let mut broken = file.to_vec();
            broken[position] ^= mask;
            let report = plain_report(&broken);
            let context = || format!("byte {position} ^ {mask:#x}: {report:#?}");
            match gaps.iter().position(|gap| gap.contains(&position)) {
                None => {
                    assert_eq!(report.indication, Indication::TotalFailed, "{}", context());
                    let sub = report.sub_indication;
                    let expected = [SubIndication::HashFailure, SubIndication::FormatFailure];
                    assert!(sub.is_some_and(|s| expected.contains(&s)), "{}", context());
                }
                Some(_) if report.indication == Indication::TotalPassed => {
                    // The same octets in other letters, or an unsigned attribute gone: the signer and what it covers are the same.
                    for (now, before) in report.signatures.iter().zip(&clean.signatures) {
                        assert_eq!(now.signer, before.signer, "{}", context());
                        assert_eq!(now.changes_after, before.changes_after, "{}", context());
                        assert_eq!(now.claimed_at, before.claimed_at, "{}", context());
                        let proven = now.level.as_deref() == Some("B-T");
                        let same = now.best_signature_time == before.best_signature_time;
                        assert!(!proven || same, "{}", context());
                    }
                }
                Some(_) => {}
            }
        }
    }
    assert!(first.start < file.len());
}

#[test]
fn no_flipped_byte_passes_in_a_plain_signature() {
    check_flips(&sealed(page()), 5);
}

#[test]
fn no_flipped_byte_passes_in_a_stamped_signature() {
    check_flips(&stamped(page()), 43);
}

#[test]
fn no_flipped_byte_passes_in_a_file_with_several_signatures() {
    let file = document_stamped(stamped(sealed(page())), &town().unit, NOW);
    check_flips(&file, 199);
}

#[test]
fn a_changed_octet_of_contents_is_noticed_or_changes_nothing_that_is_said() {
    let file = sealed(page());
    let clean = plain_report(&file);
    let gap = contents(&file).remove(0);
    for position in gap.start + 1..gap.end - 1 {
        let mut broken = file.clone();
        // Another digit, so another octet.
        broken[position] = if broken[position] == b'0' { b'1' } else { b'0' };
        let report = plain_report(&broken);
        // What is neither signed nor used: the version numbers and the list of digests at the head of the message.
        let same = || report.signatures[0].signer == clean.signatures[0].signer;
        let passed = report.indication == Indication::TotalPassed;
        assert!(
            !passed || same(),
            "digit {}: {report:#?}",
            position - gap.start
        );
        let in_padding = position + 200 > gap.end;
        assert!(
            !(passed && in_padding),
            "digit {}: {report:#?}",
            position - gap.start
        );
    }
}

#[test]
fn cut_files_do_not_pass() {
    let file = stamped(sealed(page()));
    let end = pdf::signatures(&file, &Limits::default())
        .unwrap()
        .revision_ends;
    let whole: Vec<usize> = end.iter().map(|e| usize::try_from(*e).unwrap()).collect();
    for length in (0..file.len()).step_by(29).chain(whole) {
        if length == file.len() {
            continue;
        }
        let cut = plain_report(&file[..length]);
        if cut.indication == Indication::TotalPassed {
            // Only the earlier revision as it was.
            assert_eq!(cut.signatures.len(), 1, "{length}: {cut:#?}");
            assert_eq!(cut.signatures[0].changes_after, ChangesAfter::None);
        }
    }
}

#[test]
fn what_is_appended_is_never_taken_silently() {
    for file in [sealed(page()), stamped(page())] {
        for tail in [
            &b"x"[..],
            b"%%EOF\n",
            b"\n% a comment\n",
            b"5 0 obj\n<< >>\nendobj\n",
            b"\0\0\0\0",
            b"startxref\n0\n%%EOF\n",
            b"%PDF-1.7\n",
        ] {
            let longer = [file.as_slice(), tail].concat();
            let report = plain_report(&longer);
            let harmless = report.indication == Indication::TotalFailed
                || report
                    .signatures
                    .iter()
                    .all(|s| s.changes_after != ChangesAfter::None)
                || tail.iter().all(|b| b" \r\n\t\0".contains(b));
            assert!(harmless, "{tail:?}: {report:#?}");
        }
        let report = check(
            &[file.as_slice(), b"junk"].concat(),
            failed(SubIndication::FormatFailure),
        );
        assert_eq!(report.signatures[0].changes_after, ChangesAfter::Forbidden);
    }
}

#[test]
fn a_page_changed_by_a_later_revision_is_forbidden() {
    let file = sealed(page());
    let old = file.windows(9).rposition(|w| w == b"startxref").unwrap();
    let previous: String = String::from_utf8_lossy(&file[old + 10..])
        .lines()
        .next()
        .unwrap()
        .into();
    let mut longer = file.clone();
    let offset = longer.len();
    longer.extend_from_slice(
        b"4 0 obj\n<< /Length 14 >>\nstream\n0 0 m 5 5 l S \nendstream\nendobj\n",
    );
    let start = longer.len();
    let size = 100;
    longer.extend_from_slice(
        format!(
            "xref\n4 1\n{offset:010} 00000 n \ntrailer\n<< /Size {size} /Root 1 0 R /Prev {previous} >>\nstartxref\n{start}\n%%EOF\n"
        )
        .as_bytes(),
    );
    let report = check(&longer, failed(SubIndication::FormatFailure));
    assert_eq!(report.signatures[0].changes_after, ChangesAfter::Forbidden);
    check_code(&report, "CHANGED_AFTER_SIGNING");
}
