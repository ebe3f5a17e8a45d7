//! Revocation lists: what they tell, in which order of numbers, until when they hold.

use super::{after, ask, clock, id_of, make};
use crate::pki::crl::Crl;
use crate::pki::digest::DigestAlgorithm;
use crate::pki::ocsp::CertStatus;
use crate::province::{Cast, Province, Reason};
use crate::record::UtcTime;

fn list(province: &Province, authority: &str, at: UtcTime) -> Crl {
    let crl = Crl::from_der(&province.crl(authority, at).unwrap()).unwrap();
    let issuer = province.entity(authority).unwrap().certificate();
    crl.verify_signature(issuer.public_key()).unwrap();
    assert!(crl.issuer().matches(issuer.subject()));
    assert_eq!(crl.authority_key_id(), issuer.subject_key_id());
    crl
}

#[test]
fn lists_tell_revocations_with_reason_and_their_numbers_grow() {
    let province = make(Cast::Only(&["seal-district", "seal-revoked"]));
    let serial = |name: &str| {
        province
            .entity(name)
            .unwrap()
            .certificate()
            .serial()
            .to_vec()
    };
    let first = list(&province, "issuing", clock());
    assert_eq!(
        (first.this_update(), first.next_update()),
        (clock().unix_s(), Some(after(86_400).unix_s()))
    );
    let entry = first.lookup(&serial("seal-revoked")).unwrap().unwrap();
    assert_eq!((entry.at, entry.reason), (after(-3_600).unix_s(), Some(1)));
    assert!(first.lookup(&serial("seal-district")).unwrap().is_none());
    assert_eq!(first.entries().count(), 1);

    province
        .revoke("seal-district", Reason::CertificateHold, after(5))
        .unwrap();
    assert_eq!(
        list(&province, "issuing", after(4)).der(),
        first.der(),
        "nothing new yet"
    );
    let second = list(&province, "issuing", after(5));
    assert_eq!(
        second
            .lookup(&serial("seal-district"))
            .unwrap()
            .unwrap()
            .reason,
        Some(6)
    );
    assert!(second.number() > first.number());
    // Asked as of an earlier time, the list of that time: with a number of its own.
    let earlier = list(&province, "issuing", clock());
    assert_eq!(earlier.entries().count(), 1);
    assert!(earlier.number() > second.number());
    assert!(
        list(&province, "issuing", after(120)).this_update() > second.this_update(),
        "made anew after a minute"
    );
}

#[test]
fn the_root_has_a_list_of_its_own_and_others_have_none() {
    let province = make(Cast::Only(&[]));
    assert_eq!(list(&province, "root", clock()).entries().count(), 0);
    province
        .revoke("issuing", Reason::CaCompromise, clock())
        .unwrap();
    let serial = province
        .entity("issuing")
        .unwrap()
        .certificate()
        .serial()
        .to_vec();
    assert_eq!(
        list(&province, "root", clock())
            .lookup(&serial)
            .unwrap()
            .unwrap()
            .reason,
        Some(2)
    );
    assert!(province.crl("tsa", clock()).is_err());
    assert!(
        province
            .revoke("nobody", Reason::Superseded, clock())
            .is_err()
    );
}

#[test]
fn a_reason_that_says_nothing_is_left_out() {
    let province = make(Cast::Only(&["seal-district"]));
    province
        .revoke("seal-district", Reason::Unspecified, clock())
        .unwrap();
    let id = id_of(&province, DigestAlgorithm::Sha1, "seal-district");
    let basic = ask(&province, vec![id], clock()).basic.unwrap();
    assert_eq!(
        basic.singles[0].status,
        CertStatus::Revoked {
            at: clock().unix_s(),
            reason: None
        }
    );
    assert_eq!(list(&province, "issuing", clock()).entries().count(), 1);
}
