//! The fault table of the time-stamping authorities.

use super::super::{Authority, Fetcher, Settings, TimestampCause, Trouble};
use super::drafts::{policy, stamped, token};
use super::server::{Asked, Reply};
use super::world::{World, after, clock};
use crate::pki::digest::DigestAlgorithm;
use crate::pki::tsp::{FailureInfo, Imprint, rejection};
use crate::province::Province;

const IMPRINT: [u8; 32] = [9; 32];

/// What the only authority of the pool is found guilty of, and how often it was asked.
#[track_caller]
fn found(
    settings: impl Fn(&mut Settings),
    fault: impl Fn(&Province, &Asked) -> Option<Reply> + Send + Sync + 'static,
) -> (TimestampCause, usize) {
    let world = World::new();
    world.faulty(fault);
    let mut chosen = world.settings();
    settings(&mut chosen);
    let failure = Fetcher::new(&chosen).timestamp(IMPRINT, clock).unwrap_err();
    let last = failure.tried.last().unwrap();
    assert_eq!(last.authority_url, world.province.tsa_url());
    assert!(failure.to_string().contains(last.cause.code()), "{failure}");
    (last.cause.clone(), failure.tried.len())
}

#[track_caller]
fn check(
    code: &str,
    tries: usize,
    fault: impl Fn(&Province, &Asked) -> Option<Reply> + Send + Sync + 'static,
) {
    let (cause, tried) = found(|s| s.timeout_ms = 300, fault);
    assert_eq!((cause.code(), tried), (code, tries), "{cause}");
}

#[test]
fn a_good_token_is_returned_with_its_authority() {
    let world = World::new();
    let stamp = world.fetcher().timestamp(IMPRINT, clock).unwrap();
    assert_eq!(stamp.authority_url, world.province.tsa_url());
    assert_eq!(stamp.token.info.imprint.hash, IMPRINT);
    let asked = &world.server.asked()[0];
    assert_eq!(
        asked.header("content-type"),
        Some("application/timestamp-query")
    );
}

#[test]
fn every_request_has_a_nonce_of_its_own() {
    let world = World::new();
    let fetcher = world.fetcher();
    for _ in 0..2 {
        fetcher.timestamp(IMPRINT, clock).unwrap();
    }
    let asked = world.server.asked();
    assert_ne!(asked[0].body, asked[1].body);
}

#[test]
fn what_may_pass_is_tried_twice() {
    check("timed_out", 2, |_, _| Some(Reply::Stall));
    check("timed_out", 2, |province, asked| {
        Some(Reply::Drip(token(province, "tsa", asked, |_| {})))
    });
    check("cut_off", 2, |province, asked| {
        let token = token(province, "tsa", asked, |_| {});
        let half = token.len() / 2;
        Some(Reply::Cut(token, half))
    });
    check("cut_off", 2, |_, _| Some(Reply::Raw(Vec::new())));
    check("http_status", 2, |_, _| Some(Reply::status(500)));
    check("http_status", 2, |_, _| Some(Reply::status(503)));
    check("refused", 2, |_, _| {
        let refusal = rejection(FailureInfo::TimeNotAvailable, "đồng hồ hỏng");
        Some(Reply::ok(refusal))
    });
}

#[test]
fn a_hiccup_is_survived() {
    let world = World::new();
    let first = std::sync::atomic::AtomicBool::new(true);
    world.faulty(move |_, _| {
        let is_first = first.swap(false, std::sync::atomic::Ordering::SeqCst);
        is_first.then(|| Reply::status(502))
    });
    world.fetcher().timestamp(IMPRINT, clock).unwrap();
    assert_eq!(world.visits("/pki/tsa"), 2);
}

#[test]
fn what_does_not_pass_is_tried_once() {
    check("http_status", 1, |_, _| Some(Reply::status(404)));
    check("garbage", 1, |_, _| Some(Reply::ok("<html>")));
    check("garbage", 1, |province, asked| {
        let mut cut = token(province, "tsa", asked, |_| {});
        cut.truncate(200);
        Some(Reply::ok(cut))
    });
    check("too_large", 1, |_, _| Some(Reply::ok(vec![0x30; 70_000])));
    // Without a length: found out while reading.
    check("too_large", 1, |_, _| {
        let mut raw = b"HTTP/1.0 200 X\r\n\r\n".to_vec();
        raw.extend(vec![0x30; 70_000]);
        Some(Reply::Raw(raw))
    });
    check("protocol", 1, |_, _| {
        Some(Reply::Raw(b"SSH-2.0-x\r\n\r\n".to_vec()))
    });
    check("redirect_refused", 1, |province, _| {
        Some(Reply::redirect(province.tsa_url()))
    });
    check("refused", 1, |_, _| {
        Some(Reply::ok(rejection(FailureInfo::BadAlg, "không nhận")))
    });
}

#[test]
fn a_token_for_something_else_is_refused() {
    check("wrong_imprint", 1, |province, asked| {
        Some(Reply::ok(token(province, "tsa", asked, |info| {
            info.imprint = Imprint::of(DigestAlgorithm::Sha256, b"something else");
        })))
    });
    check("wrong_nonce", 1, |province, asked| {
        Some(Reply::ok(token(province, "tsa", asked, |info| {
            info.nonce = Some(vec![1, 2, 3]);
        })))
    });
    check("wrong_nonce", 1, |province, asked| {
        Some(Reply::ok(token(province, "tsa", asked, |info| {
            info.nonce = None;
        })))
    });
}

#[test]
fn a_certificate_that_may_not_stamp_is_refused() {
    // A seal's certificate: good for documents.
    check("wrong_purpose", 1, |province, asked| {
        Some(Reply::ok(token(province, "seal-district", asked, |_| {})))
    });
    check("certificate_not_valid", 1, |province, asked| {
        Some(Reply::ok(token(province, "tsa-expired", asked, |_| {})))
    });
    check("no_certificate", 1, |province, asked| {
        let tsa = province.entity("tsa").unwrap();
        Some(Reply::ok(stamped(tsa, asked, |_| {}, None)))
    });
    check("not_sound", 1, |province, asked| {
        let mut forged = token(province, "tsa", asked, |_| {});
        let last = forged.len() - 1;
        forged[last] ^= 1;
        Some(Reply::ok(forged))
    });
}

#[test]
fn a_time_that_is_off_is_refused_either_way() {
    for drift_s in [-301, 301] {
        let (cause, tried) = found(
            |_| {},
            move |province, asked| {
                Some(Reply::ok(token(province, "tsa", asked, |info| {
                    info.gen_time_s = clock().unix_s() + drift_s;
                })))
            },
        );
        assert_eq!((cause, tried), (TimestampCause::TimeOff { drift_s }, 1));
    }
    let world = World::new();
    world.sound_at(after(300));
    world.fetcher().timestamp(IMPRINT, clock).unwrap();
}

#[test]
fn a_policy_that_is_not_accepted_is_refused() {
    let of = |texts: &'static [&'static str]| {
        move |settings: &mut Settings| {
            settings.timestamp.authorities[0].policies =
                texts.iter().map(|text| policy(text)).collect();
        }
    };
    let under = |text: &'static str| {
        move |province: &Province, asked: &Asked| {
            Some(Reply::ok(token(province, "tsa", asked, |info| {
                info.policy = policy(text);
            })))
        }
    };
    let (cause, _) = found(of(&["1.2.3", "1.2.4"]), under("1.2.5"));
    let policy = "1.2.5".to_owned();
    assert_eq!(cause, TimestampCause::PolicyNotAccepted { policy });
    let (cause, _) = found(of(&["1.2.3"]), under("1.2.4"));
    assert_eq!(cause.code(), "policy_not_accepted");
    // The province stamps under its own policy only, and says so when another is asked for.
    let (cause, _) = found(of(&["1.2.3"]), |_, _| None);
    assert!(matches!(
        cause,
        TimestampCause::Refused {
            failure: Some(FailureInfo::UnacceptedPolicy),
            ..
        }
    ));
}

#[test]
fn a_private_authority_that_is_not_listed_is_not_asked() {
    let world = World::new();
    let mut settings = world.settings();
    settings.allow_private.clear();
    let failure = Fetcher::new(&settings)
        .timestamp(IMPRINT, clock)
        .unwrap_err();
    assert_eq!(
        failure.tried[0].cause,
        TimestampCause::Wire(Trouble::AddressRefused)
    );
    assert!(world.server.asked().is_empty());
    settings.allow_private_timestamp = vec![world.server.host()];
    let fetcher = Fetcher::new(&settings);
    fetcher.timestamp(IMPRINT, clock).unwrap();
    // Listed for time-stamps only.
    let facts = world.facts(&fetcher, "seal-district", clock());
    assert!(facts.as_of.is_none());
    assert_eq!(facts.failures[0].cause.code(), "address_refused");
}

#[test]
fn credentials_go_to_the_authority_they_are_for() {
    let world = World::new();
    let folder = super::world::Folder::new();
    let file = folder.0.join("tsa");
    let mut settings = world.settings();
    settings.timestamp.authorities[0].credentials_file = Some(file.clone());
    let fetcher = Fetcher::new(&settings);
    let failure = fetcher.timestamp(IMPRINT, clock).unwrap_err();
    assert_eq!(failure.tried[0].cause.code(), "own_fault");
    std::fs::write(&file, "nobody\n").unwrap();
    let failure = fetcher.timestamp(IMPRINT, clock).unwrap_err();
    assert!(!failure.to_string().contains("nobody"), "{failure}");
    assert!(world.server.asked().is_empty());
    // RFC 7617 2, its own example.
    std::fs::write(&file, "Aladdin:open sesame\n").unwrap();
    fetcher.timestamp(IMPRINT, clock).unwrap();
    let asked = &world.server.asked()[0];
    assert_eq!(
        asked.header("authorization"),
        Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    );
}

#[test]
fn a_pool_of_nobody_says_so() {
    let failure = Fetcher::new(&Settings::default())
        .timestamp(IMPRINT, clock)
        .unwrap_err();
    assert!(failure.tried.is_empty());
    assert_eq!(
        failure.to_string(),
        "no time-stamping authority is configured"
    );
}

#[test]
fn the_budget_ends_the_search() {
    let world = World::new();
    world.faulty(|_, _| Some(Reply::Stall));
    let mut settings = world.settings();
    settings.timestamp.budget_ms = 200;
    settings
        .timestamp
        .authorities
        .push(Authority::plain(format!("{}/b", world.server.url())));
    let failure = Fetcher::new(&settings)
        .timestamp(IMPRINT, clock)
        .unwrap_err();
    let codes: Vec<&str> = failure.tried.iter().map(|a| a.cause.code()).collect();
    assert_eq!(codes, ["budget_spent", "budget_spent"]);
}
