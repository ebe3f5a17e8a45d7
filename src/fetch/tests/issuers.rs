//! Climbing from a certificate to those above it.

use super::super::{Fetcher, StatusCause};
use super::server::Reply;
use super::world::{Folder, World, after, clock};
use crate::pki::cert::Certificate;
use crate::pki::der::{tag, write};
use crate::pki::oid;

const ISSUING: &str = "/pki/ca/issuing.cer";

fn at(world: &World, path: &'static str, body: Vec<u8>) {
    world.faulty(move |_, asked| (asked.path == path).then(|| Reply::ok(body.clone())));
}

/// RFC 5652 5.1: no signer, no content, certificates only.
fn bundle(certificates: &[&Certificate]) -> Vec<u8> {
    let all: Vec<&[u8]> = certificates.iter().map(|c| c.der()).collect();
    let set = |parts: &[&[u8]]| write::constructed(tag::SET, parts);
    let content = write::sequence(&[write::oid(oid::ID_DATA)]);
    let signed = write::sequence(&[
        write::small_integer(1),
        set(&[]),
        content,
        write::constructed(tag::context_constructed(0), &all),
        set(&[]),
    ]);
    write::sequence(&[write::oid(oid::ID_SIGNED_DATA), write::explicit(0, &signed)])
}

#[track_caller]
fn check(body: impl Fn(&World) -> Vec<u8>) {
    let world = World::new();
    at(&world, ISSUING, body(&world));
    let found = world
        .fetcher()
        .issuer_certificates(world.certificate("seal-district"), clock());
    let (issuing, root) = (world.certificate("issuing"), world.certificate("root"));
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.certificates, [issuing.clone(), root.clone()]);
}

#[test]
fn every_form_in_which_certificates_are_served_is_read() {
    check(|world| world.certificate("issuing").der().to_vec());
    check(|world| world.certificate("issuing").to_pem().into_bytes());
    let both = |world: &World| bundle(&[world.certificate("root"), world.certificate("issuing")]);
    check(both);
    check(|world| crate::pki::cert::pem_encode("PKCS7", &both(world)).into_bytes());
}

#[test]
fn a_certificate_of_the_same_name_with_another_key_is_not_taken() {
    let world = World::new();
    at(
        &world,
        "/pki/ca/root.cer",
        world.certificate("stranger-root").der().to_vec(),
    );
    let found = world
        .fetcher()
        .issuer_certificates(world.certificate("issuing"), clock());
    assert!(found.certificates.is_empty());
    assert_eq!(found.failures[0].cause, StatusCause::OtherCertificate);
}

#[test]
fn what_goes_wrong_is_named_and_ends_the_climb() {
    let world = World::new();
    let found = |body: Reply| {
        let body = std::sync::Mutex::new(Some(body));
        world.faulty(move |_, asked| {
            (asked.path == ISSUING)
                .then(|| body.lock().unwrap().take())
                .flatten()
        });
        let found = world
            .fetcher()
            .issuer_certificates(world.certificate("seal-district"), clock());
        assert!(found.certificates.is_empty());
        assert_eq!(found.failures.len(), 1);
        found.failures[0].cause.code()
    };
    assert_eq!(found(Reply::ok("<html>")), "garbage");
    assert_eq!(found(Reply::status(404)), "http_status");
    assert_eq!(found(Reply::ok(vec![0; 300_000])), "too_large");
    assert_eq!(found(Reply::Cut(vec![0x30; 100], 10)), "cut_off");
}

#[test]
fn what_was_found_is_kept_for_a_day() {
    let world = World::new();
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    let subject = world.certificate("seal-district");
    let climb = |seconds| {
        let found = Fetcher::new(&settings).issuer_certificates(subject, after(seconds));
        assert_eq!(found.certificates.len(), 2);
        world.visits(ISSUING)
    };
    assert_eq!(climb(0), 1);
    assert_eq!(climb(86_399), 1);
    assert_eq!(climb(86_400), 2);
    // Its address is down: a certificate does not grow wrong with age.
    world.faulty(|_, _| Some(Reply::status(500)));
    assert_eq!(climb(1_000_000), 3);
}
