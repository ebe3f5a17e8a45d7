//! Redirects, rewrites and the address guard, seen from the socket.

use super::super::wire::{Bounds, Budget, moved};
use super::super::{Fetcher, Settings, Trouble};
use super::server::{Reply, Server};

fn fetcher(listed: &[&Server], rewrite: &[(&str, &str)]) -> Fetcher {
    Fetcher::new(&Settings {
        allow_private: listed.iter().map(|server| server.host()).collect(),
        rewrite: rewrite
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
            .collect(),
        ..Settings::default()
    })
}

fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, Trouble> {
    fetcher.get(
        url,
        Bounds {
            budget: Budget::of_ms(5_000),
            timeout_ms: 5_000,
            limit_bytes: 1_000,
        },
    )
}

#[test]
fn three_redirects_are_followed_and_no_fourth() {
    let server = Server::open(|asked| match asked.path.as_str() {
        "/0" => Reply::ok("here"),
        path => {
            let left: u32 = path.trim_start_matches('/').parse().unwrap();
            Reply::redirect(format!("/{}", left - 1))
        }
    });
    let fetcher = fetcher(&[&server], &[]);
    let at = |hops| get(&fetcher, &format!("{}/{hops}", server.url()));
    assert_eq!(at(0), Ok(b"here".to_vec()));
    assert_eq!(at(3), Ok(b"here".to_vec()));
    assert_eq!(at(4).unwrap_err().code(), "redirect_refused");
}

#[test]
fn a_redirect_into_a_private_network_is_refused_even_to_a_listed_host() {
    let inner = Server::open(|_| Reply::ok("secret"));
    let to = inner.url();
    let outer = Server::open(move |_| Reply::redirect(to.clone()));
    let fetcher = fetcher(&[&outer, &inner], &[]);
    assert_eq!(get(&fetcher, &inner.url()), Ok(b"secret".to_vec()));
    assert_eq!(get(&fetcher, &outer.url()), Err(Trouble::AddressRefused));
    assert_eq!(inner.asked().len(), 1);
}

#[test]
fn only_web_addresses_are_redirected_to() {
    for to in ["file:///etc/passwd", "ftp://x/", "//x/", "relative", ""] {
        let server = Server::open(move |_| Reply::redirect(to));
        let found = get(&fetcher(&[&server], &[]), &server.url());
        assert_eq!(found.unwrap_err().code(), "redirect_refused", "{to}");
    }
    let base = "http://a.example:81/x/y?z";
    assert_eq!(moved(base, "/b").as_deref(), Some("http://a.example:81/b"));
    assert_eq!(moved(base, "https://c/").as_deref(), Some("https://c/"));
}

#[test]
fn an_address_that_no_longer_answers_is_rewritten() {
    let server = Server::open(|asked| Reply::ok(asked.path.clone()));
    let to = format!("{}/new/", server.url());
    let fetcher = fetcher(
        &[&server],
        &[
            ("http://crl.gone.example/", &to),
            ("http://crl.gone.example/never", "http://nowhere.invalid/"),
        ],
    );
    let found = get(&fetcher, "http://crl.gone.example/ca.crl").unwrap();
    assert_eq!(found, b"/new/ca.crl");
    // The first rule that fits is taken.
    let found = get(&fetcher, "http://crl.gone.example/never/ca.crl").unwrap();
    assert_eq!(found, b"/new/never/ca.crl");
}

#[test]
fn a_rewrite_leads_into_a_private_network_only_where_it_is_listed() {
    let server = Server::open(|_| Reply::ok("secret"));
    let fetcher = fetcher(&[], &[("http://crl.gone.example", &server.url())]);
    let found = get(&fetcher, "http://crl.gone.example/x");
    assert_eq!(found, Err(Trouble::AddressRefused));
    assert!(server.asked().is_empty());
}

#[test]
fn loopback_is_refused_in_every_spelling() {
    let server = Server::open(|_| Reply::ok("secret"));
    let port = server.host().rsplit_once(':').unwrap().1.to_owned();
    let fetcher = fetcher(&[], &[]);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "127.1",
        "user@127.0.0.1",
    ] {
        let found = get(&fetcher, &format!("http://{host}:{port}/"));
        assert!(found.is_err(), "{host}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn nobody_there_is_unreachable() {
    let server = Server::open(|_| Reply::status(500));
    let fetcher = fetcher(&[&server], &[]);
    let url = server.url();
    drop(server);
    assert_eq!(get(&fetcher, &url).unwrap_err().code(), "unreachable");
}

#[test]
fn a_server_that_nobody_vouches_for_is_not_spoken_to() {
    let key = openssl::pkey::PKey::ec_gen("prime256v1").unwrap();
    let mut certificate = openssl::x509::X509Builder::new().unwrap();
    let day = |n| openssl::asn1::Asn1Time::days_from_now(n).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&day(0)).unwrap();
    certificate.set_not_after(&day(1)).unwrap();
    certificate
        .sign(&key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let method = openssl::ssl::SslMethod::tls_server();
    let mut acceptor = openssl::ssl::SslAcceptor::mozilla_intermediate_v5(method).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate.build()).unwrap();
    let acceptor = acceptor.build();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        acceptor.accept(stream).is_ok_and(|mut tls| {
            let mut octet = [0];
            tls.ssl_read(&mut octet).is_ok()
        })
    });
    let fetcher = Fetcher::new(&Settings {
        allow_private: vec![host.clone()],
        ..Settings::default()
    });
    let found = get(&fetcher, &format!("https://{host}/"));
    assert_eq!(found.unwrap_err().code(), "tls");
    assert!(!server.join().unwrap(), "a request was sent");
}
