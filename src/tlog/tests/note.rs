//! Keys, notes, checkpoints, cosignatures.

use super::leaves;
use crate::record::{Fault, UtcTime};
use crate::tlog::{
    Checkpoint, CheckpointProblem, KeyKind, KeyName, KeyText, Note, NoteProblem, NoteSigner,
    SeedSigner, SignatureLine, SignedCheckpoint, VerifierKey, cosign, root_of,
};

const LOG_KEY: &str = "log.example/ketqua+1aa2d892+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const WITNESS_KEY: &str =
    "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
pub(super) const CHECKPOINT: &str = "log.example/ketqua
7
c6WQ+yZrgVVwQLFGudR54qG1hJsSUWdkL1tkhm8dXH0=

— log.example/ketqua GqLYkutnPZP9IALoBXwEkA4vwJp3NZNGbkSl/P7tFJ76kmgbzFJJeHPPyjgclp2moE/iApr6HF+7FOG4qPNm3UYaVQ0=
— witness.example/w1 3xwKNQAAAABqsTuA56OrHOoVMnVQ9fi2VqODomxU5wLy3hDGCIaxkKNXrkQtJ9yxMwJydlfLHfew95Clh02pAFuQsCELldD3C+pWBg==
";

pub(super) fn log_key() -> VerifierKey {
    LOG_KEY.parse().unwrap()
}

pub(super) fn witness_key() -> VerifierKey {
    WITNESS_KEY.parse().unwrap()
}

pub(super) fn log_signer() -> SeedSigner {
    SeedSigner::from_seed(log_key().name().clone(), KeyKind::Ed25519, [1; 32]).unwrap()
}

fn witness_signer() -> SeedSigner {
    SeedSigner::from_seed(
        witness_key().name().clone(),
        KeyKind::CosignatureV1,
        [2; 32],
    )
    .unwrap()
}

fn checkpoint() -> Checkpoint {
    let root = root_of(7, &mut super::Leaves(leaves(7))).unwrap();
    Checkpoint::new(log_key().name().clone(), 7, root)
}

#[test]
fn keys_are_those_of_the_example() {
    assert_eq!(log_signer().key().to_string(), LOG_KEY);
    assert_eq!(witness_signer().key().to_string(), WITNESS_KEY);
    assert_eq!(log_key().to_string(), LOG_KEY);
    // A key in wide use, made by another program.
    let sumdb = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assert_eq!(sumdb.parse::<VerifierKey>().unwrap().to_string(), sumdb);
}

#[test]
fn mistyped_keys_are_refused() {
    let bad = [
        (LOG_KEY.replace("1aa2", "1aa3"), KeyText::Id),
        (LOG_KEY.replace("1aa2d892", "1AA2D892"), KeyText::Id),
        (LOG_KEY.replace("ketqua", "ketquA"), KeyText::Id),
        (LOG_KEY.replace("G/N0iAG0D29c", "G/N0iAG0D29d"), KeyText::Id),
        (LOG_KEY.replace("AYqI", "BoqI"), KeyText::Type),
        (LOG_KEY.replace("+AYqI", "+"), KeyText::Type),
        (LOG_KEY.replace("log.", "log "), KeyText::Name),
        (LOG_KEY.replace("log.example/ketqua", ""), KeyText::Name),
        (format!("{LOG_KEY}="), KeyText::Form),
        (LOG_KEY[..LOG_KEY.len() - 4].to_owned(), KeyText::Form),
        ("a+b".to_owned(), KeyText::Form),
        (String::new(), KeyText::Form),
    ];
    for (text, why) in bad {
        assert_eq!(text.parse::<VerifierKey>(), Err(why), "{text}");
    }
    assert!("a".repeat(256).parse::<KeyName>().is_err());
}

#[test]
fn private_keys_are_kept_as_text_and_do_not_show() {
    let text = log_signer().to_private_text();
    assert!(text.starts_with("PRIVATE+KEY+log.example/ketqua+1aa2d892+AQEBAQ"));
    let again: SeedSigner = format!("{text}\n").parse().unwrap();
    assert_eq!(again.key(), log_signer().key());
    assert_eq!(again.sign(b"x").unwrap(), log_signer().sign(b"x").unwrap());
    assert_eq!(format!("{again:?}"), format!("SeedSigner({LOG_KEY})"));
    for bad in [
        LOG_KEY.to_owned(),
        text.replace("AQEBAQ", "AQEBAg"),
        text.replace("PRIVATE", "private"),
    ] {
        assert!(bad.parse::<SeedSigner>().is_err(), "{bad}");
    }
}

#[test]
fn the_checkpoint_is_that_of_the_example() {
    let note = checkpoint().sign(&log_signer()).unwrap();
    let time = UtcTime::from_unix_s(1_790_000_000).unwrap();
    let line = cosign(&note, &witness_signer(), time).unwrap();
    assert_eq!(note.with(line).unwrap().to_string(), CHECKPOINT);

    let signed =
        SignedCheckpoint::open(CHECKPOINT.as_bytes(), &log_key(), &[witness_key()]).unwrap();
    assert_eq!(*signed.checkpoint(), checkpoint());
    assert_eq!(
        signed.cosigned(),
        [(witness_key().name().clone(), 1_790_000_000)]
    );
    assert_eq!(signed.note().to_string(), CHECKPOINT);
    let alone = SignedCheckpoint::open(CHECKPOINT.as_bytes(), &log_key(), &[]).unwrap();
    assert!(alone.cosigned().is_empty());
}

#[track_caller]
fn check_open(text: &str, problem: CheckpointProblem) {
    let found = SignedCheckpoint::open(text.as_bytes(), &log_key(), &[witness_key()]);
    assert_eq!(found, Err(problem));
}

#[test]
fn a_checkpoint_with_one_wrong_thing_is_refused() {
    use CheckpointProblem as P;
    let log = log_key().name().clone();
    check_open(
        &CHECKPOINT.replacen("\n7\n", "\n8\n", 1),
        P::Note(NoteProblem::Wrong(log.clone())),
    );
    check_open(
        &CHECKPOINT.replace("w1 3xwKNQAAAABqsTuA", "w1 3xwKNQAAAABqsTuB"),
        P::Note(NoteProblem::Wrong(witness_key().name().clone())),
    );
    let lines: Vec<_> = CHECKPOINT.split_inclusive('\n').collect();
    check_open(
        &lines[..5].concat().replace("ketqua GqLY", "ketqua GqLZ"),
        P::Note(NoteProblem::NoKnownKey),
    );
    check_open(&[&lines[..4], &lines[5..]].concat().concat(), P::NotByLog);
    check_open(&lines[..4].concat(), P::Note(NoteProblem::Form));
    let swapped = SignedCheckpoint::open(CHECKPOINT.as_bytes(), &witness_key(), &[]);
    assert_eq!(swapped, Err(P::KeyKind(witness_key().name().clone())));
    let swapped = SignedCheckpoint::open(CHECKPOINT.as_bytes(), &log_key(), &[log_key()]);
    assert_eq!(swapped, Err(P::KeyKind(log)));
}

#[test]
fn every_flipped_byte_of_a_checkpoint_is_noticed() {
    for at in 0..CHECKPOINT.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut bytes = CHECKPOINT.as_bytes().to_vec();
            bytes[at] ^= bit;
            let found = SignedCheckpoint::open(&bytes, &log_key(), &[witness_key()]);
            // A changed name or id makes the witness unknown: then only the log's signature counts.
            assert!(
                found.is_err() || found.unwrap().cosigned().is_empty(),
                "byte {at}"
            );
        }
    }
}

#[test]
fn notes_read_back_byte_for_byte_or_not_at_all() {
    let line = "— a AAAAAAA=";
    let good = [
        format!("text\n\n{line}\n"),
        format!("with\n\n\nempty lines\n\n{line}\n{line}\n"),
        format!("\n\n{line}\n"),
    ];
    for text in &good {
        assert_eq!(Note::parse(text.as_bytes()).unwrap().to_string(), *text);
    }
    let bad = [
        (String::new(), NoteProblem::Form),
        ("text\n".to_owned(), NoteProblem::Form),
        ("text\n\n".to_owned(), NoteProblem::Form),
        (format!("text\n{line}\n"), NoteProblem::Form),
        (format!("text\n\n{line}"), NoteProblem::Form),
        (format!("text\n\n{line}\n\n"), NoteProblem::Form),
        (format!("te\rxt\n\n{line}\n"), NoteProblem::ControlCharacter),
        (
            format!("text\n\n{line}\ntext\n"),
            NoteProblem::SignatureLine,
        ),
        (
            "text\n\n- a AAAAAAA=\n".to_owned(),
            NoteProblem::SignatureLine,
        ),
        (
            "text\n\n— a  AAAAAAA=\n".to_owned(),
            NoteProblem::SignatureLine,
        ),
        (
            "text\n\n— a+b AAAAAAA=\n".to_owned(),
            NoteProblem::SignatureLine,
        ),
        (
            "text\n\n— a AAAAAA==\n".to_owned(),
            NoteProblem::SignatureLine,
        ),
        (
            "text\n\n— a AAAAAAB=\n".to_owned(),
            NoteProblem::SignatureLine,
        ),
        (
            format!("text\n\n{}", format!("{line}\n").repeat(101)),
            NoteProblem::TooManySignatures,
        ),
        ("x".repeat(600_000), NoteProblem::TooLarge),
    ];
    for (text, why) in bad {
        assert_eq!(
            Note::parse(text.as_bytes()),
            Err(why),
            "{}",
            text.get(..60).unwrap_or(&text)
        );
    }
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteProblem::Utf8));
}

#[test]
fn checkpoint_texts_are_strict() {
    let root = checkpoint().root.to_base64();
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for text in [
        format!("o\n7\n{root}\n"),
        format!("o\n0\n{empty}\n"),
        format!("o\n7\n{root}\nx y\n"),
    ] {
        assert_eq!(Checkpoint::parse_text(&text).unwrap().to_text(), text);
    }
    for text in [
        format!("o\n07\n{root}\n"),
        format!("o\n+7\n{root}\n"),
        format!("o\n-7\n{root}\n"),
        format!("o\n\n{root}\n"),
        format!("o\n18446744073709551616\n{root}\n"),
        format!("\n7\n{root}\n"),
        format!("o o\n7\n{root}\n"),
        format!("o\n7\n{root}"),
        format!("o\n7\n{}\n", &root[4..]),
        format!("o\n7\n{root}\n\n"),
        format!("o\n7\n{root} \n"),
        "o\n7\n".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            Checkpoint::parse_text(&text),
            Err(CheckpointProblem::Form),
            "{text}"
        );
    }
    let text = format!("o\n0\n{root}\n");
    assert_eq!(
        Checkpoint::parse_text(&text),
        Err(CheckpointProblem::EmptyRoot)
    );
}

#[test]
fn keys_that_cannot_be_told_apart_are_a_mistake_of_configuration() {
    let note = Note::parse(CHECKPOINT.as_bytes()).unwrap();
    let found = note.verify(&[log_key(), witness_key(), log_key()]);
    assert_eq!(
        found,
        Err(NoteProblem::AmbiguousKeys(log_key().name().clone()))
    );
    assert_eq!(note.verify(&[]), Err(NoteProblem::NoKnownKey));
}

/// A device that gives a signature that is not one.
struct Broken(VerifierKey);

impl NoteSigner for Broken {
    fn key(&self) -> &VerifierKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], Fault> {
        Ok([0; 64])
    }
}

#[test]
fn a_wrong_signature_never_leaves_the_signer() {
    let fault = checkpoint().sign(&Broken(log_key())).unwrap_err();
    assert!(fault.chain().to_string().contains("does not verify"));
    let note = checkpoint().sign(&log_signer()).unwrap();
    let time = UtcTime::from_unix_s(0).unwrap();
    assert!(cosign(&note, &Broken(witness_key()), time).is_err());
    assert!(cosign(&note, &log_signer(), time).is_err());
    assert!(checkpoint().sign(&witness_signer()).is_err());
    assert!(Note::signed("no newline".to_owned(), &log_signer()).is_err());
}

#[test]
fn a_note_takes_only_so_many_signatures() {
    let mut note = checkpoint().sign(&log_signer()).unwrap();
    let line = SignatureLine {
        name: "w".parse().unwrap(),
        key_id: [0; 4],
        signature: vec![0; 64],
    };
    for _ in 1..100 {
        note = note.with(line.clone()).unwrap();
    }
    assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note.clone()));
    assert_eq!(note.with(line), Err(NoteProblem::TooManySignatures));
}
