//! Revocation lists: kept, asked about, cut, dripping, of strangers, and large.

use super::super::{Fetcher, RevocationSource, Settings, StatusCause, Trouble};
use super::server::{Asked, Reply};
use super::world::{Folder, World, after, clock};
use crate::province::Province;
use crate::record::UtcTime;
use crate::trust::Status;

const SEAL: &str = "seal-district";
const LIST: &str = "/pki/crl/issuing.crl";

/// Without a responder, so that the list is asked for.
fn silent(asked: &Asked) -> Option<Reply> {
    asked
        .path
        .starts_with("/pki/ocsp")
        .then(|| Reply::status(500))
}

fn with_list(
    world: &World,
    list: impl Fn(&Province, &Asked) -> Option<Reply> + Send + Sync + 'static,
    at: UtcTime,
) {
    world.answer(
        move |province, asked| {
            silent(asked).or_else(|| {
                let is_list = asked.path == LIST;
                is_list.then(|| list(province, asked)).flatten()
            })
        },
        at,
    );
}

/// The second failure, after the responder's; there is no status.
#[track_caller]
fn check(
    code: &str,
    list: impl Fn(&Province, &Asked) -> Reply + Send + Sync + 'static,
) -> StatusCause {
    let world = World::new();
    with_list(&world, move |p, a| Some(list(p, a)), clock());
    let settings = Settings {
        list_timeout_ms: 300,
        ..world.settings()
    };
    let facts = world.facts(&Fetcher::new(&settings), SEAL, clock());
    let last = facts.failures.last().unwrap();
    assert_eq!(last.cause.code(), code, "{last}");
    assert!(last.url.ends_with(LIST), "{last}");
    assert_eq!(world.status(&facts, SEAL, clock()), None);
    assert_eq!(facts.as_of, None);
    last.cause.clone()
}

fn list_of(province: &Province, authority: &str, at: UtcTime) -> Vec<u8> {
    province.crl(authority, at).unwrap().to_vec()
}

#[test]
fn each_failure_of_a_list_has_its_name() {
    check("garbage", |_, _| Reply::ok("<html>"));
    check("garbage", |_, _| Reply::ok(vec![0xff; 100]));
    check("garbage", |province, _| {
        let mut longer = list_of(province, "issuing", clock());
        longer.push(0);
        Reply::ok(longer)
    });
    check("stranger", |province, _| {
        Reply::ok(list_of(province, "root", clock()))
    });
    check("stranger", |province, _| {
        let mut forged = list_of(province, "issuing", clock());
        let last = forged.len() - 1;
        forged[last] ^= 1;
        Reply::ok(forged)
    });
    check("stale", |province, _| {
        Reply::ok(list_of(province, "issuing", after(-90_000)))
    });
    check("cut_off", |province, _| {
        Reply::Cut(list_of(province, "issuing", clock()), 100)
    });
    check("timed_out", |_, _| Reply::Stall);
    check("timed_out", |province, _| {
        Reply::Drip(list_of(province, "issuing", clock()))
    });
    check("http_status", |_, _| Reply::status(404));
    // A status that was not asked for.
    check("http_status", |_, _| Reply::status(304));
}

#[test]
fn a_list_that_says_it_is_too_large_is_not_taken_in() {
    // Its outer length is 4 GB; one octet of it comes.
    let cause = check("too_large", |_, _| {
        let mut raw = b"HTTP/1.0 200 X\r\n\r\n".to_vec();
        raw.extend([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]);
        Reply::Raw(raw)
    });
    let limit_bytes = 64 * 1024 * 1024;
    assert_eq!(cause, StatusCause::Wire(Trouble::TooLarge { limit_bytes }));
}

#[test]
fn text_is_read_as_pem() {
    let world = World::new();
    with_list(
        &world,
        |province, _| {
            let der = list_of(province, "issuing", clock());
            Some(Reply::ok(crate::pki::cert::pem_encode("X509 CRL", &der)))
        },
        clock(),
    );
    let facts = world.facts(&world.fetcher(), SEAL, clock());
    assert_eq!(world.status(&facts, SEAL, clock()), Some(Status::Good));
}

#[test]
fn one_list_serves_all_certificates_that_it_speaks_of() {
    let world = World::new();
    with_list(&world, |_, _| None, clock());
    let fetcher = world.fetcher();
    let mut lists = Vec::new();
    for name in [SEAL, "seal-revoked", "tsa", "tsa-expired"] {
        lists.extend(world.facts(&fetcher, name, clock()).crls);
    }
    assert_eq!(world.visits(LIST), 1);
    assert_eq!(lists.len(), 4);
    assert!(lists.iter().all(|l| std::ptr::eq(l.der(), lists[0].der())));
    // RFC 5280 3.3: silence about a certificate that has expired says nothing, however often the list is fetched.
    let facts = world.facts(&fetcher, "tsa-expired", clock());
    assert_eq!(facts.failures[1].cause, StatusCause::NotUsable);
}

#[test]
fn many_who_ask_at_once_make_one_request() {
    let world = World::new();
    with_list(&world, |_, _| None, clock());
    let fetcher = world.fetcher();
    std::thread::scope(|scope| {
        for name in [SEAL, "seal-revoked", "tsa", SEAL, "seal-revoked", "tsa"] {
            let (world, fetcher) = (&world, &fetcher);
            scope.spawn(move || {
                assert_eq!(world.facts(fetcher, name, clock()).crls.len(), 1);
            });
        }
    });
    assert_eq!(world.visits(LIST), 1);
    assert_eq!(world.visits("/pki/ocsp"), 3);
}

#[test]
fn a_source_that_gives_validators_is_asked_whether_anything_changed() {
    let world = World::new();
    let first = list_of(&world.province, "issuing", clock());
    let date = "Wed, 25 Nov 2026 02:00:00 GMT";
    let answer = move |_: &Province, asked: &Asked| {
        let known = asked.header("if-none-match") == Some("\"one\"");
        if known {
            assert_eq!(asked.header("if-modified-since"), Some(date));
            return Some(Reply::status(304));
        }
        let list = Reply::ok(first.clone());
        Some(list.with("etag", "\"one\"").with("last-modified", date))
    };
    with_list(&world, answer, clock());
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    let fetcher = Fetcher::new(&settings);
    for (seconds, visits) in [(0, 1), (299, 1), (300, 2), (500, 2), (600, 3)] {
        let facts = world.facts(&fetcher, SEAL, after(seconds));
        assert_eq!(
            world.status(&facts, SEAL, after(seconds)),
            Some(Status::Good)
        );
        assert_eq!(world.visits(LIST), visits, "after {seconds} s");
    }
    // The validators outlive the process, and so does when it was last found unchanged.
    let restarted = Fetcher::new(&settings);
    let source = RevocationSource::default();
    let ask = |seconds| {
        let (subject, issuer) = (world.certificate(SEAL), world.issuer_of(SEAL));
        source.facts(&restarted, &world.memory, subject, issuer, after(seconds))
    };
    assert_eq!(ask(899).as_of, Some(clock()));
    assert_eq!(world.visits(LIST), 3);
    assert_eq!(ask(1_300).as_of, Some(clock()));
    assert_eq!(world.visits(LIST), 4);
}

#[test]
fn a_list_serves_until_its_next_update_where_its_source_is_down() {
    let world = World::new();
    with_list(&world, |_, _| None, clock());
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    world.facts(&Fetcher::new(&settings), SEAL, clock());
    world.faulty(|_, _| Some(Reply::status(503)));
    for (hours, status) in [(23, Some(Status::Good)), (25, None)] {
        let now = after(hours * 3_600);
        let fetcher = Fetcher::new(&settings);
        let source = RevocationSource::default();
        let (subject, issuer) = (world.certificate(SEAL), world.issuer_of(SEAL));
        let facts = source.facts(&fetcher, &world.memory, subject, issuer, now);
        assert_eq!(facts.failures.len(), 2);
        assert_eq!(world.status(&facts, SEAL, now), status, "after {hours} h");
    }
}

#[test]
fn a_damaged_file_is_fetched_anew() {
    let world = World::new();
    with_list(&world, |_, _| None, clock());
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    world.facts(&Fetcher::new(&settings), SEAL, clock());
    let data = std::fs::read_dir(folder.0.join("cache/data")).unwrap();
    for file in data {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let (subject, issuer) = (world.certificate(SEAL), world.issuer_of(SEAL));
    let source = RevocationSource::default();
    let fetcher = Fetcher::new(&settings);
    let facts = source.facts(&fetcher, &world.memory, subject, issuer, after(1));
    assert_eq!(world.status(&facts, SEAL, after(1)), Some(Status::Good));
    assert_eq!(world.visits(LIST), 2);
}

#[test]
fn a_strangers_list_is_not_kept() {
    let world = World::new();
    with_list(
        &world,
        |p, _| Some(Reply::ok(list_of(p, "root", clock()))),
        clock(),
    );
    let folder = Folder::new();
    let mut settings = world.settings();
    settings.cache = Some(folder.cache(1 << 20));
    let fetcher = Fetcher::new(&settings);
    world.facts(&fetcher, SEAL, clock());
    assert_eq!(
        std::fs::read_dir(folder.0.join("cache/data"))
            .unwrap()
            .count(),
        0
    );
    with_list(&world, |_, _| None, clock());
    let facts = world.facts(&fetcher, SEAL, after(31));
    assert_eq!(world.status(&facts, SEAL, after(31)), Some(Status::Good));
}
