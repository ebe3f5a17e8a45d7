//! Proof files.

use super::note::{CHECKPOINT, log_key, log_signer, witness_key};
use super::{Leaves, leaves};
use crate::tlog::{
    Checkpoint, Note, ProofProblem, TlogProof, TlogProofProblem, prove_inclusion, root_of,
};

fn example() -> String {
    format!(
        "c2sp.org/tlog-proof@v1
index 3
82bfRxjvdQZDF3lP9TAOCWPpbdk/4kIDEYBV+loAvhM=
RseHCEE6IxdfUfrxwiYEvMtESC1VO0WUOxiRMOqCIcg=
PPBf8W0mwCSCjpOzoUxWVuWry8Xm8Lziz4oWlyBZlnQ=

{CHECKPOINT}"
    )
}

#[test]
fn the_proof_is_that_of_the_example() {
    let proof = TlogProof {
        extra: None,
        index: 3,
        path: prove_inclusion(3, 7, &mut Leaves(leaves(7))).unwrap(),
        checkpoint: Note::parse(CHECKPOINT.as_bytes()).unwrap(),
    };
    assert_eq!(proof.to_string(), example());
    assert_eq!(TlogProof::parse(example().as_bytes()), Ok(proof.clone()));
    let signed = proof
        .verify(&leaves(7)[3], &log_key(), &[witness_key()])
        .unwrap();
    assert_eq!((signed.size(), signed.cosigned().len()), (7, 1));
    let other = proof.verify(&leaves(7)[2], &log_key(), &[]);
    assert_eq!(
        other,
        Err(TlogProofProblem::Inclusion(ProofProblem::RootDiffers))
    );
}

#[test]
fn a_proof_may_carry_bytes_and_may_have_no_path() {
    let root = root_of(1, &mut Leaves(leaves(1))).unwrap();
    let checkpoint = Checkpoint::new(log_key().name().clone(), 1, root);
    for extra in [None, Some(vec![]), Some(b"opening".to_vec())] {
        let proof = TlogProof {
            extra,
            index: 0,
            path: Vec::new(),
            checkpoint: checkpoint.sign(&log_signer()).unwrap(),
        };
        let text = proof.to_string();
        assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof.clone()));
        assert!(proof.verify(&leaves(1)[0], &log_key(), &[]).is_ok());
    }
}

#[track_caller]
fn check_refused(from: &str, to: &str, problem: TlogProofProblem) {
    assert!(example().contains(from));
    let found = TlogProof::parse(example().replacen(from, to, 1).as_bytes());
    assert_eq!(found, Err(problem));
}

#[test]
fn proofs_of_another_form_are_refused() {
    use TlogProofProblem as P;
    check_refused("@v1", "@v2", P::Header);
    check_refused("@v1\n", "@v1\r\n", P::Header);
    check_refused("index 3", "index -3", P::Index);
    check_refused("index 3", "index 03", P::Index);
    check_refused("index 3", "index 18446744073709551616", P::Index);
    check_refused("index 3\n", "", P::Index);
    check_refused("index 3", "extra AB=\nindex 3", P::Extra);
    check_refused("index 3", "extra\nindex 3", P::Index);
    check_refused("index 3", "index 3\nextra AAAA", P::Path);
    check_refused("82bfRx", "82bfR!", P::Path);
    check_refused("82bfRx", "bfRx", P::Path);
    let hash = "82bfRxjvdQZDF3lP9TAOCWPpbdk/4kIDEYBV+loAvhM=\n";
    check_refused(hash, &hash.repeat(65), P::Path);
    assert_eq!(TlogProof::parse(b""), Err(P::Header));
    assert_eq!(TlogProof::parse(&vec![b'x'; 3 << 20]), Err(P::TooLarge));
}

#[test]
fn no_flipped_bit_makes_another_proof_hold() {
    let text = example();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(proof) = TlogProof::parse(&bytes) else {
                continue;
            };
            assert_eq!(proof.to_string().as_bytes(), bytes, "byte {at}");
            let verified = proof.verify(&leaves(7)[3], &log_key(), &[witness_key()]);
            // Unknown signatures are ignored: a changed witness name leaves the log's own.
            assert!(
                verified.is_err() || verified.unwrap().cosigned().is_empty(),
                "byte {at} bit {bit}"
            );
        }
    }
}
