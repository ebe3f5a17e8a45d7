//! Whose certificate this is, bound by its SHA-256 to office, person, post and period, and whether it may sign now.
//!
//! # Invariants
//! * A certificate is told by its fingerprint, never by the names in it: those are what an authority typed.
//!
//! # What is not here
//! Revocation, which needs the network: `signing`. Chains: `trust`.

use crate::pki::cert::{Certificate, KeyUsage};
use crate::pki::crypto::SignatureAlgorithm;
use crate::record::{Digest, OfficeCode, UtcTime};
use crate::trust::{PathFailure, check_digest, check_key};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub post: String,
}

/// Who may use a certificate, for which office, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub office: OfficeCode,
    /// `None`: the office's own seal.
    pub person: Option<Person>,
    pub from: UtcTime,
    pub until: UtcTime,
    pub certificate_sha256: Digest,
}

/// Why a certificate may not sign now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotUsable {
    /// Nobody of this office signs with it.
    NotBound,
    /// It is another office's.
    OtherOffice(OfficeCode),
    /// The period of the binding has not begun, or is over.
    OutsidePeriod {
        from: UtcTime,
        until: UtcTime,
    },
    NotYetValid {
        from: UtcTime,
    },
    Expired {
        until: UtcTime,
    },
    /// RFC 5280 4.2.1.3: neither digitalSignature nor contentCommitment (nonRepudiation).
    KeyUsage,
    /// Its key or the hash is too weak for a new signature.
    Weak(String),
    /// No chain leads from it to a root, or none that holds.
    Chain(String),
    Revoked,
}

impl NotUsable {
    /// The words stand in the translations under `not_usable.<code>`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotBound => "not_bound",
            Self::OtherOffice(_) => "other_office",
            Self::OutsidePeriod { .. } => "outside_period",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::KeyUsage => "key_usage",
            Self::Weak(_) => "weak",
            Self::Chain(_) => "chain",
            Self::Revoked => "revoked",
        }
    }

    /// What the words' placeholders stand for.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::OutsidePeriod { from, until } => vec![
                ("from", from.to_vietnamese()),
                ("until", until.to_vietnamese()),
            ],
            Self::NotYetValid { from } => vec![("from", from.to_vietnamese())],
            Self::Expired { until } => vec![("until", until.to_vietnamese())],
            Self::OtherOffice(office) => vec![("office", office.to_string())],
            Self::Weak(what) => vec![("what", what.clone())],
            Self::NotBound | Self::KeyUsage | Self::Chain(_) | Self::Revoked => Vec::new(),
        }
    }
}

/// For the log and the operator.
impl std::fmt::Display for NotUsable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotBound => f.write_str(
                "nobody of this office signs with this certificate; bind it with a [[signatory]]",
            ),
            Self::OtherOffice(office) => write!(f, "the certificate is bound to office {office}"),
            Self::OutsidePeriod { from, until } => {
                write!(f, "the certificate is bound from {from} until {until}")
            }
            Self::NotYetValid { from } => write!(f, "the certificate is valid from {from} only"),
            Self::Expired { until } => write!(f, "the certificate expired at {until}"),
            Self::KeyUsage => {
                f.write_str("the certificate's key usage allows no signatures on documents")
            }
            Self::Weak(what) => write!(f, "{what} is too weak for a new signature"),
            Self::Chain(why) => f.write_str(why),
            Self::Revoked => f.write_str("it has been revoked or suspended"),
        }
    }
}

impl From<PathFailure> for NotUsable {
    fn from(failure: PathFailure) -> Self {
        match failure {
            PathFailure::SubjectExpired { not_after } => Self::Expired {
                until: moment(not_after),
            },
            PathFailure::SubjectNotYetValid { not_before } => Self::NotYetValid {
                from: moment(not_before),
            },
            other => Self::Chain(format!("{other:?}")),
        }
    }
}

/// A certificate's own time; one that no calendar holds is as far away as can be written.
fn moment(unix_s: i64) -> UtcTime {
    UtcTime::from_unix_s(unix_s).unwrap_or(UtcTime::EPOCH)
}

/// Whether a certificate by itself may make a new signature with this algorithm: validity, key usage, strength.
///
/// # Errors
/// Why not.
pub fn usable(
    certificate: &Certificate,
    algorithm: SignatureAlgorithm,
    now: UtcTime,
) -> Result<(), NotUsable> {
    let now_s = now.unix_s();
    if now_s < certificate.not_before() {
        return Err(NotUsable::NotYetValid {
            from: moment(certificate.not_before()),
        });
    }
    if now_s > certificate.not_after() {
        return Err(NotUsable::Expired {
            until: moment(certificate.not_after()),
        });
    }
    let signs = KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::CONTENT_COMMITMENT);
    if certificate
        .key_usage()
        .is_some_and(|u| !u.intersects(signs))
    {
        return Err(NotUsable::KeyUsage);
    }
    check_digest(algorithm.cms_digest(), now_s)
        .and_then(|()| check_key(certificate.key_facts(), now_s))
        .map_err(|weak| NotUsable::Weak(weak.algorithm))
}

/// All that is bound, as the operator wrote it.
#[derive(Debug, Clone, Default)]
pub struct Bindings(pub Vec<Binding>);

impl Bindings {
    /// Who signs for the office with this certificate now.
    ///
    /// # Errors
    /// Nobody does.
    pub fn for_certificate(
        &self,
        office: &OfficeCode,
        certificate: &Certificate,
        now: UtcTime,
    ) -> Result<&Binding, NotUsable> {
        let sha256 = Digest::new(certificate.sha256());
        let mut why = NotUsable::NotBound;
        for binding in self.0.iter().filter(|b| b.certificate_sha256 == sha256) {
            if binding.office != *office {
                // What is said of this office says more.
                if why == NotUsable::NotBound {
                    why = NotUsable::OtherOffice(binding.office.clone());
                }
            } else if (binding.from..=binding.until).contains(&now) {
                return Ok(binding);
            } else {
                why = NotUsable::OutsidePeriod {
                    from: binding.from,
                    until: binding.until,
                };
            }
        }
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::province::{Cast, Declaration, Province};
    use std::str::FromStr;

    const NOW: &str = "2026-11-25T02:00:00Z";

    fn at(text: &str) -> UtcTime {
        UtcTime::parse_rfc3339(text).unwrap()
    }

    fn province(names: &[&str]) -> Province {
        let declaration = Declaration::embedded().unwrap();
        Province::make(
            &declaration,
            "http://127.0.0.1:1",
            at(NOW),
            Cast::Only(names),
        )
        .unwrap()
    }

    #[track_caller]
    fn check_usable(province: &Province, name: &str, now: &str, wanted: Option<&str>) {
        let certificate = province.entity(name).unwrap().certificate();
        let algorithm = SignatureAlgorithm::natural_for(certificate.key_facts()).unwrap();
        let found = usable(certificate, algorithm, at(now)).err();
        assert_eq!(found.as_ref().map(NotUsable::code), wanted, "{found:?}");
    }

    #[test]
    fn a_certificate_is_refused_outside_its_time_and_purpose() {
        let province = province(&[
            "seal-district",
            "seal-expired",
            "seal-not-yet",
            "seal-wrong-usage",
        ]);
        check_usable(&province, "seal-district", NOW, None);
        check_usable(
            &province,
            "seal-district",
            "2031-01-01T00:00:00Z",
            Some("expired"),
        );
        check_usable(&province, "seal-expired", NOW, Some("expired"));
        check_usable(&province, "seal-not-yet", NOW, Some("not_yet_valid"));
        check_usable(&province, "seal-wrong-usage", NOW, Some("key_usage"));
        let certificate = province.entity("seal-district").unwrap().certificate();
        let sha1 = SignatureAlgorithm::Ecdsa {
            digest: crate::pki::digest::DigestAlgorithm::Sha1,
        };
        let weak = usable(certificate, sha1, at(NOW));
        assert_eq!(weak, Err(NotUsable::Weak("SHA-1".into())));
    }

    #[test]
    fn a_binding_holds_for_its_office_and_its_period_only() {
        let province = province(&["seal-district", "seal-commune"]);
        let bound = province.entity("seal-district").unwrap().certificate();
        let stranger = province.entity("seal-commune").unwrap().certificate();
        let (own, other) = (
            OfficeCode::from_str("H49").unwrap(),
            OfficeCode::from_str("H50").unwrap(),
        );
        let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T23:59:59Z"));
        let bindings = Bindings(vec![Binding {
            office: own.clone(),
            person: Some(Person {
                name: "Nguyễn Văn A".into(),
                post: "Chủ tịch".into(),
            }),
            from,
            until,
            certificate_sha256: Digest::new(bound.sha256()),
        }]);
        let who = |office, certificate, now| {
            bindings
                .for_certificate(office, certificate, now)
                .map(|b| b.person.as_ref().unwrap().post.clone())
        };
        assert_eq!(who(&own, bound, from), Ok("Chủ tịch".into()));
        assert_eq!(who(&own, bound, until), Ok("Chủ tịch".into()));
        let late = until.checked_add_s(1).unwrap();
        assert_eq!(
            who(&own, bound, late),
            Err(NotUsable::OutsidePeriod { from, until })
        );
        assert_eq!(
            who(&other, bound, from),
            Err(NotUsable::OtherOffice(own.clone()))
        );
        assert_eq!(who(&own, stranger, from), Err(NotUsable::NotBound));
    }
}
