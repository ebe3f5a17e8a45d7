//! Whether two values say the same, however they are spelt.
//!
//! # Invariants
//! * References are equal only when number and generation are: what they lead to is compared where it changed.
//! * A dictionary with a key twice equals nothing.

use crate::pdf::object::{Dict, Item, Value};
use crate::pdf::text;

pub(super) fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Integer(a), Value::Integer(b)) => a == b,
        (Value::Real(a), Value::Real(b)) => decimal(a) == decimal(b),
        (Value::Integer(whole), Value::Real(real)) | (Value::Real(real), Value::Integer(whole)) => {
            decimal(real) == decimal(whole.to_string().as_bytes())
        }
        (Value::Text(a), Value::Text(b)) => a == b || text::decoded(a) == text::decoded(b),
        (Value::Name(a), Value::Name(b)) => a == b,
        (Value::Reference(a), Value::Reference(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            a.duplicate.is_none() && b.duplicate.is_none() && differing_keys(a, b).is_empty()
        }
        _ => false,
    }
}

/// Sign, whole digits, decimals, without the zeros that mean nothing (ISO 32000-1 7.3.3 has no exponents).
fn decimal(token: &[u8]) -> (bool, &[u8], &[u8]) {
    let (negative, digits) = match token {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, token),
    };
    let point = digits
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(digits.len());
    let (whole, decimals) = digits.split_at(point);
    let whole = trim_start(whole);
    let decimals = trim_end(decimals.strip_prefix(b".").unwrap_or(decimals));
    let zero = whole.is_empty() && decimals.is_empty();
    (negative && !zero, whole, decimals)
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits
        .iter()
        .rev()
        .take_while(|byte| **byte == b'0')
        .count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

/// Keys whose values are not the same, by their decoded names; null and absent are one (ISO 32000-1 7.3.7).
pub(super) fn differing_keys(a: &Dict<'_>, b: &Dict<'_>) -> Vec<String> {
    let left = by_key(a);
    let right = by_key(b);
    let mut keys = Vec::new();
    let (mut l, mut r) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (l.peek(), r.peek()) {
            (None, None) => return keys,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let differing = match order {
            std::cmp::Ordering::Less => l.next().map(|(key, _)| key),
            std::cmp::Ordering::Greater => r.next().map(|(key, _)| key),
            std::cmp::Ordering::Equal => match (l.next(), r.next()) {
                (Some((key, a)), Some((_, b))) => (!same(&a.value, &b.value)).then_some(key),
                _ => None,
            },
        };
        keys.extend(differing.map(|key| String::from_utf8_lossy(key).into_owned()));
    }
}

fn by_key<'x, 'd>(dict: &'x Dict<'d>) -> Vec<(Vec<u8>, &'x Item<'d>)> {
    let mut entries: Vec<(Vec<u8>, &Item<'d>)> = dict
        .entries
        .iter()
        .filter(|(_, item)| !matches!(item.value, Value::Null))
        .map(|(key, item)| (key.decoded().collect(), item))
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}
