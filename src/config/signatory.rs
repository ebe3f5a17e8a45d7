//! Whose certificates are whose: office, person, post and period, by fingerprint.

use std::str::FromStr;

use super::check::Checker;
use super::{OfficeKeys, Person, Signatory, raw};
use crate::record::{Date, Digest, OfficeCode};

pub(super) fn check(
    c: &mut Checker<'_>,
    list: &[raw::Signatory],
    offices: &[OfficeKeys],
) -> Vec<Signatory> {
    list.iter()
        .filter_map(|signatory| one(c, signatory, offices))
        .collect()
}

fn one(c: &mut Checker<'_>, raw: &raw::Signatory, offices: &[OfficeKeys]) -> Option<Signatory> {
    let place = format!(
        "signatory {}",
        raw.person.as_deref().unwrap_or(&raw.certificate_sha256)
    );
    let office = OfficeCode::from_str(&raw.office)
        .ok()
        .filter(|code| offices.iter().any(|o| o.office.code == *code));
    if office.is_none() {
        c.wrong(
            &place,
            "its office is not among the [[office]] entries",
            "name the code of a configured office",
        );
    }
    let person = match (&raw.person, &raw.post) {
        (Some(name), Some(post)) if !name.trim().is_empty() && !post.trim().is_empty() => {
            Some(Person {
                name: name.clone(),
                post: post.clone(),
            })
        }
        (None, None) => None,
        _ => {
            c.wrong(
                &place,
                "person and post belong together",
                "give both, as they stand in the decision of appointment; or neither, for the office's own seal",
            );
            None
        }
    };
    // A person's fingerprint is copied from tools that print colons and capitals.
    let fingerprint = raw.certificate_sha256.replace(':', "").to_ascii_lowercase();
    let certificate_sha256 = Digest::from_str(&fingerprint).ok();
    if certificate_sha256.is_none() {
        c.wrong(
            &place,
            "certificate_sha256 is not 64 hexadecimal digits",
            "run: openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE.pem",
        );
    }
    let from = day(c, &place, "from", &raw.from).map(Date::start_in_vietnam);
    let until = day(c, &place, "until", &raw.until).map(Date::last_second_in_vietnam);
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        c.wrong(
            &place,
            "it ends before it begins",
            "exchange `from` and `until`",
        );
    }
    Some(Signatory {
        office: office?,
        person,
        from: from?,
        until: until?,
        certificate_sha256: certificate_sha256?,
    })
}

fn day(c: &mut Checker<'_>, place: &str, name: &str, text: &str) -> Option<Date> {
    let date = Date::from_str(text).ok();
    if date.is_none() {
        c.wrong(
            format!("{place}: {name}"),
            format!("`{text}` is not a day"),
            "write it like \"2026-11-25\"; the whole day counts, in Vietnam",
        );
    }
    date
}
