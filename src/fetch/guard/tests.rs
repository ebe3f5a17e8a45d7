//! Which addresses lead back inside.

use super::is_public;

#[track_caller]
fn check(ip: &str, public: bool) {
    assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
}

#[test]
fn inner_addresses_are_told_from_public_ones() {
    check("127.0.0.1", false);
    check("10.1.2.3", false);
    check("169.254.169.254", false);
    check("100.64.0.1", false);
    check("0.0.0.0", false);
    check("::1", false);
    check("fe80::1", false);
    check("fd00::1", false);
    check("::ffff:10.0.0.1", false);
    check("2002:0a00:0001::1", false);
    check("203.0.113.9", false);
    check("192.0.0.8", false);
    check("192.88.99.1", false);
    check("198.19.0.1", false);
    check("224.0.0.1", false);
    check("255.255.255.255", false);
    check("ff02::1", false);
    check("::10.0.0.1", false);
    check("64:ff9b::a00:1", false);
    check("2001:db8::1", false);
    check("2001:10::1", false);
    check("8.8.8.8", true);
    check("2606:4700::1111", true);
}
