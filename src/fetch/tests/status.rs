//! The fault table of OCSP responders, and what the revocation list says where they fail.

use super::super::{Fetcher, OcspNonce, Settings, StatusCause, Trouble};
use super::drafts::Says;
use super::server::{Asked, Reply};
use super::world::{Folder, World, after, clock};
use crate::pki::ocsp::{CertStatus, ResponseStatus, failure};
use crate::province::{Province, Reason};
use crate::trust::Status;

const SEAL: &str = "seal-district";

fn is_ocsp(asked: &Asked) -> bool {
    asked.path.starts_with("/pki/ocsp")
}

/// The responder is found guilty of `code`; the list of the same authority then says that the certificate is good.
#[track_caller]
fn check(code: &str, fault: impl Fn(&Province, &Asked) -> Reply + Send + Sync + 'static) {
    check_with(|s| s.timeout_ms = 300, code, fault);
}

#[track_caller]
fn check_with(
    settings: impl Fn(&mut Settings),
    code: &str,
    fault: impl Fn(&Province, &Asked) -> Reply + Send + Sync + 'static,
) {
    let world = World::new();
    world.faulty(move |province, asked| is_ocsp(asked).then(|| fault(province, asked)));
    let mut chosen = world.settings();
    settings(&mut chosen);
    let fetcher = Fetcher::new(&chosen);
    let facts = world.facts(&fetcher, SEAL, clock());
    let codes: Vec<&str> = facts.failures.iter().map(|f| f.cause.code()).collect();
    assert_eq!(codes, [code], "{:?}", facts.failures);
    assert_eq!(facts.failures[0].url, world.province.ocsp_url());
    assert_eq!(facts.crls.len(), 1);
    assert_eq!(world.status(&facts, SEAL, clock()), Some(Status::Good));
    assert_eq!(facts.as_of, Some(clock()));
}

fn says(says: Says) -> impl Fn(&Province, &Asked) -> Reply {
    move |province, asked| Reply::ok(says.to(province, asked))
}

#[test]
fn a_good_answer_is_enough() {
    let world = World::new();
    let facts = world.facts(&world.fetcher(), SEAL, clock());
    assert_eq!((facts.ocsp.len(), facts.crls.len()), (1, 0));
    assert!(facts.failures.is_empty());
    assert_eq!(world.status(&facts, SEAL, clock()), Some(Status::Good));
    assert_eq!(facts.as_of, Some(clock()));
    let asked = &world.server.asked()[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(
        asked.header("content-type"),
        Some("application/ocsp-request")
    );
}

#[test]
fn a_revoked_certificate_is_found_revoked() {
    let world = World::new();
    let facts = world.facts(&world.fetcher(), "seal-revoked", clock());
    assert!(facts.failures.is_empty());
    let revoked = Status::Revoked {
        at_s: after(-3_600).unix_s(),
        reason: Some(1),
    };
    assert_eq!(world.status(&facts, "seal-revoked", clock()), Some(revoked));
    // The list says the same where the responder is silent.
    let world = World::new();
    world.faulty(|_, asked| is_ocsp(asked).then(|| Reply::status(500)));
    let facts = world.facts(&world.fetcher(), "seal-revoked", clock());
    assert!(facts.ocsp.is_empty());
    let status = world.status(&facts, "seal-revoked", clock());
    assert!(matches!(
        status,
        Some(Status::Revoked {
            reason: Some(1),
            ..
        })
    ));
}

#[test]
fn each_failure_of_the_responder_has_its_name() {
    check(
        "unknown",
        says(Says {
            status: CertStatus::Unknown,
            ..Says::good()
        }),
    );
    check(
        "stranger",
        says(Says {
            signer: "tsa",
            ..Says::good()
        }),
    );
    // A responder of the root's, not of this authority's.
    check(
        "stranger",
        says(Says {
            signer: "ocsp-root",
            ..Says::good()
        }),
    );
    check(
        "stale",
        says(Says {
            this_update: clock().unix_s() - 7_200,
            next_update: Some(clock().unix_s() - 3_600),
            ..Says::good()
        }),
    );
    // RFC 6960 4.2.2.1: not yet to be relied upon.
    check(
        "stale",
        says(Says {
            this_update: clock().unix_s() + 3_600,
            next_update: None,
            ..Says::good()
        }),
    );
    check(
        "wrong_nonce",
        says(Says {
            nonce: |_| Some(vec![1; 32]),
            ..Says::good()
        }),
    );
    check("garbage", |_, _| Reply::ok("<html>"));
    check("timed_out", |_, _| Reply::Stall);
    check("timed_out", |province, asked| {
        Reply::Drip(Says::good().to(province, asked))
    });
    check("cut_off", |province, asked| {
        Reply::Cut(Says::good().to(province, asked), 100)
    });
    check("http_status", |_, _| Reply::status(500));
    check("too_large", |_, _| Reply::ok(vec![0x30; 70_000]));
    check("redirect_refused", |province, _| {
        Reply::redirect(province.ocsp_url())
    });
    for (status, code) in [
        (ResponseStatus::TryLater, "try_later"),
        (ResponseStatus::Unauthorized, "unauthorized"),
        (ResponseStatus::InternalError, "internal_error"),
        (ResponseStatus::MalformedRequest, "malformed_request"),
        (ResponseStatus::SigRequired, "sig_required"),
    ] {
        check(code, move |_, _| Reply::ok(failure(status)));
    }
}

#[test]
fn an_answer_about_another_certificate_is_none() {
    let world = World::new();
    // Recorded for one seal, played for another.
    let fetcher = world.fetcher();
    world.facts(&fetcher, "seal-revoked", clock());
    let request = world.server.asked().remove(0).body;
    world.faulty(move |province, asked| {
        let asked = Asked {
            body: request.clone(),
            ..asked.clone()
        };
        is_ocsp(&asked).then(|| {
            let says = Says {
                nonce: |_| None,
                ..Says::good()
            };
            Reply::ok(says.to(province, &asked))
        })
    });
    let facts = world.facts(&fetcher, SEAL, clock());
    assert_eq!(facts.failures[0].cause, StatusCause::OtherCertificate);
    assert!(facts.ocsp.is_empty());
}

#[test]
fn a_stale_answer_is_kept_for_verdicts_of_its_time() {
    let world = World::new();
    let (then, until) = (after(-7_200), after(-3_600));
    world.faulty(move |province, asked| {
        is_ocsp(asked).then(|| {
            let says = Says {
                this_update: then.unix_s(),
                next_update: Some(until.unix_s()),
                ..Says::good()
            };
            Reply::ok(says.to(province, asked))
        })
    });
    let mut facts = world.facts(&world.fetcher(), SEAL, clock());
    facts.crls.clear();
    assert_eq!(world.status(&facts, SEAL, clock()), None);
    assert_eq!(world.status(&facts, SEAL, then), Some(Status::Good));
    let stale = StatusCause::Stale {
        this_update: then.unix_s(),
        next_update: Some(until.unix_s()),
    };
    assert_eq!(facts.failures[0].cause, stale);
}

#[test]
fn a_nonce_may_be_missing_unless_it_is_required() {
    let without = || {
        says(Says {
            nonce: |_| None,
            ..Says::good()
        })
    };
    check_with(
        |s| s.ocsp_nonce = OcspNonce::Required,
        "no_nonce",
        without(),
    );
    let world = World::new();
    let answer = without();
    world.faulty(move |province, asked| is_ocsp(asked).then(|| answer(province, asked)));
    let facts = world.facts(&world.fetcher(), SEAL, clock());
    assert!(facts.failures.is_empty(), "{:?}", facts.failures);
}

#[test]
fn without_a_nonce_the_request_goes_by_get() {
    let world = World::new();
    let mut settings = world.settings();
    settings.ocsp_nonce = OcspNonce::Omitted;
    let facts = world.facts(&Fetcher::new(&settings), SEAL, clock());
    assert!(facts.failures.is_empty(), "{:?}", facts.failures);
    let asked = &world.server.asked()[0];
    assert_eq!(asked.method, "GET");
    // RFC 6960 A.1: base64, its three signs percent-encoded.
    let encoded = asked.path.strip_prefix("/pki/ocsp/").unwrap();
    assert!(!encoded.contains(['+', '/', '=']), "{encoded}");
}

#[test]
fn a_responder_that_takes_no_post_is_asked_by_get() {
    let world = World::new();
    world.faulty(|_, asked| (asked.method == "POST").then(|| Reply::status(405)));
    let facts = world.facts(&world.fetcher(), SEAL, clock());
    assert!(facts.failures.is_empty(), "{:?}", facts.failures);
    let methods: Vec<String> = world.server.asked().into_iter().map(|a| a.method).collect();
    assert_eq!(methods, ["POST", "GET"]);
}

#[test]
fn an_answer_serves_for_five_minutes() {
    let world = World::new();
    let fetcher = world.fetcher();
    for (seconds, visits) in [(0, 1), (299, 1), (300, 2), (301, 2), (-1, 3)] {
        world.sound_at(after(seconds));
        world.facts(&fetcher, SEAL, after(seconds));
        assert_eq!(world.visits("/pki/ocsp"), visits, "after {seconds} s");
    }
}

#[test]
fn a_failure_is_remembered_for_half_a_minute() {
    let world = World::new();
    world.faulty(|_, _| Some(Reply::status(500)));
    let fetcher = world.fetcher();
    for (seconds, visits) in [(0, 1), (29, 1), (30, 2)] {
        let facts = world.facts(&fetcher, SEAL, after(seconds));
        let codes: Vec<&str> = facts.failures.iter().map(|f| f.cause.code()).collect();
        assert_eq!(codes, ["http_status", "http_status"]);
        assert_eq!(world.visits("/pki/ocsp"), visits, "after {seconds} s");
    }
}

#[test]
fn evidence_from_after_a_time_is_fetched_anew() {
    let world = World::new();
    let fetcher = world.fetcher();
    world.facts(&fetcher, SEAL, clock());
    let later = after(10);
    world.sound_at(later);
    let (subject, issuer) = (world.certificate(SEAL), world.issuer_of(SEAL));
    let fresh = |not_before| {
        let source = &world.source;
        source.fresh_facts(&fetcher, &world.memory, subject, issuer, not_before, later)
    };
    // What is kept is new enough.
    assert_eq!(fresh(clock()).as_of, Some(clock()));
    assert_eq!(world.visits("/pki/ocsp"), 1);
    assert_eq!(fresh(later).as_of, Some(later));
    assert_eq!(world.visits("/pki/ocsp"), 2);
    // Nobody has such yet: the responder and the list were asked, the newest comes back.
    let facts = fresh(after(20));
    assert_eq!(facts.as_of, Some(later));
    assert_eq!((facts.ocsp.len(), facts.crls.len()), (1, 1));
}

#[test]
fn an_answer_outlives_the_process_and_serves_where_the_responder_is_down() {
    let world = World::new();
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    world.facts(&Fetcher::new(&settings), SEAL, clock());
    let restarted = || World {
        server: super::server::Server::open(|_| Reply::status(500)),
        province: std::sync::Arc::clone(&world.province),
        memory: crate::trust::Memory::new(),
        source: super::super::RevocationSource::default(),
    };
    // Fresh: not even asked.
    let facts = restarted().facts(&Fetcher::new(&settings), SEAL, after(10));
    assert!(facts.failures.is_empty());
    assert_eq!(world.visits("/pki/ocsp"), 1);
    // Older: asked, in vain; what was said holds until its nextUpdate.
    world.faulty(|_, _| Some(Reply::status(500)));
    let later = after(3_000);
    let facts = restarted().facts(&Fetcher::new(&settings), SEAL, later);
    assert_eq!(
        facts.failures[0].cause,
        StatusCause::Wire(Trouble::Status(500))
    );
    assert_eq!(world.status(&facts, SEAL, later), Some(Status::Good));
    assert_eq!(world.visits("/pki/ocsp"), 2);
    // Past it: nothing.
    let facts = restarted().facts(&Fetcher::new(&settings), SEAL, after(4_000));
    assert!(facts.ocsp.is_empty() && facts.as_of.is_none());
    // A clock that was set back: what comes from the future is not relied upon.
    let facts = restarted().facts(&Fetcher::new(&settings), SEAL, after(-1));
    assert!(facts.ocsp.is_empty() && facts.as_of.is_none());
}

#[test]
fn a_revocation_is_not_hidden_by_what_is_kept() {
    let world = World::new();
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    let fetcher = Fetcher::new(&settings);
    world.facts(&fetcher, SEAL, clock());
    world
        .province
        .revoke(SEAL, Reason::KeyCompromise, after(1))
        .unwrap();
    world.sound_at(after(300));
    let facts = world.facts(&fetcher, SEAL, after(300));
    let status = world.status(&facts, SEAL, after(300));
    assert!(matches!(status, Some(Status::Revoked { .. })), "{status:?}");
}

#[test]
fn a_file_that_uses_up_its_time_does_not_make_a_source_look_dead() {
    let world = World::new();
    world.faulty(|_, _| Some(Reply::Stall));
    let fetcher = Fetcher::new(&Settings {
        timeout_ms: 5_000,
        list_timeout_ms: 5_000,
        budget_ms: 1_000,
        ..world.settings()
    });
    // Twice the time of one certificate, for all of them.
    let shared = fetcher.budget_for_file();
    let ask = |name| {
        let (subject, issuer) = (world.certificate(name), world.issuer_of(name));
        let source = &world.source;
        let facts = source.facts_within(&fetcher, &world.memory, subject, issuer, clock(), shared);
        assert!(facts.as_of.is_none());
        let codes: Vec<&str> = facts.failures.iter().map(|f| f.cause.code()).collect();
        assert_eq!(codes, ["budget_spent", "budget_spent"], "{name}");
    };
    for name in ["tsa", "seal-revoked", SEAL] {
        ask(name);
    }
    // The first had its whole time and is remembered as silent; the last had none and is not.
    world.sound_at(clock());
    assert!(world.facts(&fetcher, "tsa", clock()).as_of.is_none());
    assert!(world.facts(&fetcher, SEAL, clock()).as_of.is_some());
}
