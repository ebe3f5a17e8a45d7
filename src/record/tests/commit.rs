//! The leaf and its commitment, against an example computed apart from this program.

use sha2::{Digest as _, Sha512};

use crate::record::commit::commit;
use crate::record::{
    Digest, DossierSecret, Field, Fields, LEAF_BYTES, Leaf, LeafKey, LeafKind, LeafProblem,
    Opening, OpeningProblem, PartialOpening, UtcTime, bucket_of, issuer_of_spki, leaf_hash,
    media_type_value, sha256,
};

const FILE: &[u8] = b"%PDF-1.7 demo\n";
const COMMIT: &str = "c1c87e31fd34378630519db9abe9aaaa2e71eea7bf3247b59c25f78ffc57bfa4";

fn key() -> LeafKey {
    LeafKey::derive(&DossierSecret::new([0x11; 32]), 1)
}

fn fields() -> Fields {
    Fields::new()
        .with(Field::FileSha256, *sha256(FILE).as_bytes())
        .with(Field::FileSha512, Sha512::digest(FILE).to_vec())
        .with(Field::MediaType, media_type_value(14, "application/pdf"))
        .with(Field::ProcedureCode, "1.004194")
        .with(Field::AgencyCode, "H49.22.15")
        .with(Field::DossierCode, "H49.22.15-261124-0001")
        .with(Field::Step, "ky-duyet/3")
        .with(Field::SigningTime, "2026-11-24T01:02:03Z")
}

fn opening() -> Opening {
    Opening::new(key(), fields()).unwrap()
}

fn leaf() -> Leaf {
    let bucket = bucket_of("2026-11-24T01:02:03Z".parse().unwrap(), 86_400);
    Leaf::new(
        LeafKind::Result,
        bucket,
        issuer_of_spki(b"demo-spki"),
        opening().commit(),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn keys_commitment_and_leaf_are_those_of_the_example() {
    assert_eq!(
        hex(key().expose()),
        "36ad22ac2c12767214762671e1162d9e8c2cbc932015ba7647339d18ae77284a"
    );
    let shown = opening().show(&[Field::FileSha256]);
    assert_eq!(
        hex(&shown.shown()[0].key),
        "6b2bae7824962d28812fc555afec9349a6ee6b8d59f1fe7d6d0b3cf931d942fa"
    );
    assert_eq!(opening().commit().to_string(), COMMIT);
    assert_eq!(commit(&key(), &fields()).to_string(), COMMIT);
    let path: Vec<_> = shown.shown()[0]
        .siblings
        .iter()
        .map(Digest::to_string)
        .collect();
    assert_eq!(
        path,
        [
            "b474c901484785a018d0a81641a2f3ca1a404d5f906a831eac10ae68a762d48c",
            "07effc2579fe1c2466e735f6ff7b614d4a1d3ae3be035fd19c940ad8e8324175",
            "38fabbfe41f2e1c762754ab9feccd020c3cc65821c892d62e9404fbe00d82075",
            "d3f45cc026ccfdff3c7b80c6be3c3bb1c93adbdd862532a0f7a398c833bd1da5",
        ]
    );
    let bytes = leaf().encode().unwrap();
    let head = "4b514c3101000001000000006b04d380ffffffffffffffff\
                649ec7658bf361f8b52e2cd7ce6fc704163ba15fd92da46c123c5c012de774a2";
    assert_eq!(hex(&bytes), format!("{head}{COMMIT}{}", "00".repeat(40)));
    assert_eq!(
        leaf_hash(&bytes).to_string(),
        "80843c8a56ba9e4f172c09831c32fb6cac8f236609f4bd0339f52aa9e1d936e4"
    );
    assert_eq!(Leaf::decode(&bytes), Ok(leaf()));
}

#[track_caller]
fn check_refused(at: usize, value: u8, problem: LeafProblem) {
    let mut bytes = leaf().encode().unwrap();
    bytes[at] = value;
    assert_eq!(Leaf::decode(&bytes), Err(problem));
}

#[test]
fn leaves_of_another_form_are_refused() {
    check_refused(0, b'k', LeafProblem::Magic);
    check_refused(4, 0, LeafProblem::Kind);
    check_refused(4, 13, LeafProblem::Kind);
    check_refused(4, LeafKind::Revoked.number(), LeafProblem::Target);
    check_refused(5, 1, LeafProblem::Target);
    check_refused(5, 2, LeafProblem::Flags);
    check_refused(7, 2, LeafProblem::Suite);
    check_refused(8, 0x80, LeafProblem::Bucket);
    check_refused(16, 0, LeafProblem::Target);
    check_refused(88, 1, LeafProblem::Aux);
    check_refused(127, 1, LeafProblem::Aux);
    let bytes = leaf().encode().unwrap();
    assert_eq!(Leaf::decode(&bytes[1..]), Err(LeafProblem::Length));
    assert_eq!(
        Leaf::decode(&[bytes.as_slice(), &[0]].concat()),
        Err(LeafProblem::Length)
    );
    assert_eq!(
        leaf().with_target(u64::MAX).encode(),
        Err(LeafProblem::Target)
    );
}

#[test]
fn every_kind_has_one_encoding() {
    for kind in LeafKind::ALL {
        let mut leaf = Leaf::new(kind, 3600, sha256(b"i"), sha256(b"c"));
        if kind.needs_target() {
            assert_eq!(leaf.encode(), Err(LeafProblem::Target));
            leaf = leaf.with_target(0);
        }
        if kind.uses_aux() {
            leaf = leaf.with_aux(sha256(b"a"), u64::from(kind.uses_aux_size()));
        }
        let bytes = leaf.encode().unwrap();
        assert_eq!(Leaf::decode(&bytes), Ok(leaf));
        for bit in 0..LEAF_BYTES * 8 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Leaf::decode(&other), Ok(leaf), "bit {bit} of {kind:?}");
            if let Ok(read) = Leaf::decode(&other) {
                assert_eq!(read.encode(), Ok(other));
            }
        }
    }
}

#[test]
fn chosen_fields_prove_themselves_and_nothing_else() {
    let commit = opening().commit();
    for mask in 0..1u32 << 7 {
        let chosen: Vec<Field> = Field::ALL
            .into_iter()
            .filter(|f| (mask * 0b10_0000_0101) >> f.number() & 1 == 1)
            .collect();
        let shown = opening().show(&chosen);
        let read = PartialOpening::decode(&shown.encode()).unwrap();
        assert!(read == shown);
        match chosen.is_empty() {
            true => assert_eq!(read.commit(), Err(OpeningProblem::Empty)),
            false => assert_eq!(read.commit(), Ok(commit)),
        }
    }
    let shown = opening().show(&[Field::AgencyCode]);
    assert_eq!(
        shown.value(Field::AgencyCode),
        Some(b"H49.22.15".as_slice())
    );
    assert_eq!(shown.value(Field::DossierCode), None);
    assert!(!hex(&shown.encode()).contains(&hex(b"261124-0001")));
}

#[test]
fn a_changed_opening_leads_elsewhere() {
    let commit = opening().commit();
    let whole = opening()
        .show(&[Field::FileSha256, Field::AgencyCode])
        .encode();
    let head = b"kql1/opening/part\n".len();
    for at in head..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let found = PartialOpening::decode(&bytes).and_then(|o| o.commit());
        assert_ne!(found, Ok(commit), "byte {at}");
    }
    for end in 0..whole.len() {
        let found = PartialOpening::decode(&whole[..end]).and_then(|o| o.commit());
        // Cut exactly between two fields, the first still stands for itself.
        assert!(found.is_err() || found == Ok(commit));
    }
    let full = opening().encode();
    assert!(Opening::decode(&full).unwrap() == opening());
    for end in 0..full.len() {
        assert!(Opening::decode(&full[..end]).is_err());
    }
    assert!(Opening::decode(&[full.as_slice(), &[0]].concat()).is_err());
    let twice = [whole.as_slice(), &whole[head..]].concat();
    assert!(PartialOpening::decode(&twice).is_err());
}

#[test]
fn leaves_of_one_dossier_and_equal_values_share_nothing() {
    let secret = DossierSecret::new([0x11; 32]);
    let second = LeafKey::derive(&secret, 2);
    assert_ne!(commit(&second, &fields()), commit(&key(), &fields()));
    let other = LeafKey::derive(&DossierSecret::new([0x12; 32]), 1);
    assert_ne!(commit(&other, &fields()), commit(&key(), &fields()));
    let long = Fields::new().with(Field::Step, vec![0; 65_536]);
    assert!(Opening::new(key(), long).is_err());
    assert_eq!(
        format!("{secret:?} {:?} {:?}", key(), opening()),
        "DossierSecret(…) LeafKey(…) Opening(…)"
    );
}

#[test]
fn buckets_begin_at_whole_periods() {
    let time = UtcTime::from_unix_s(1_795_482_123).unwrap();
    assert_eq!(bucket_of(time, 3600), 1_795_482_000);
    assert_eq!(bucket_of(time, 86_400), 1_795_478_400);
    assert_eq!(bucket_of(time, 0), 1_795_482_123);
    assert_eq!(bucket_of(UtcTime::from_unix_s(-1).unwrap(), 3600), 0);
}
