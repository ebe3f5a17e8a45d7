//! What the manifests of a container say, held against what is there (EN 319 162-1 A.4, A.7).

use std::cell::RefCell;
use std::collections::HashMap;

use crate::asic::{Container, Manifest};
use crate::pki::digest::DigestAlgorithm;
use crate::verify::indication::SubIndication;
use crate::verify::reasons::Findings;

const CLAUSE: &str = "EN 319 162-1 A.4";

/// Digests of the files, each made once per function however many manifests ask.
pub(super) struct Files<'a> {
    container: &'a Container<'a>,
    digests: RefCell<HashMap<(String, DigestAlgorithm), Option<Vec<u8>>>>,
}

impl<'a> Files<'a> {
    pub fn new(container: &'a Container<'a>) -> Self {
        Self {
            container,
            digests: RefCell::default(),
        }
    }

    fn digest(&self, name: &str, algorithm: DigestAlgorithm) -> Option<Vec<u8>> {
        let mut digests = self.digests.borrow_mut();
        digests
            .entry((name.to_owned(), algorithm))
            .or_insert_with(|| self.container.find(name).map(|b| algorithm.hash(b)))
            .clone()
    }

    /// Every reference of a manifest against its file.
    pub fn check(&self, manifest: &Manifest, control_s: i64, findings: &mut Findings) {
        for reference in &manifest.references {
            let name = &reference.name;
            let Some(algorithm) = algorithm_of(&reference.digest_method) else {
                findings.doubt(
                    SubIndication::CryptoConstraintsFailure,
                    "ALGORITHM_NOT_SUPPORTED",
                    CLAUSE,
                    format!(
                        "the digest of {name:?} is made with {}, which is not supported",
                        reference.digest_method
                    ),
                );
                continue;
            };
            match self.digest(name, algorithm) {
                None => findings.doubt(
                    SubIndication::SignedDataNotFound,
                    "SIGNED_FILE_ABSENT",
                    CLAUSE,
                    format!("{name:?} was signed and is not in the container"),
                ),
                Some(digest) if digest != reference.digest => findings.fail(
                    SubIndication::HashFailure,
                    "SIGNED_FILE_CHANGED",
                    CLAUSE,
                    format!("{name:?} is not the file that was signed"),
                ),
                Some(_) => {}
            }
            if crate::trust::check_digest(algorithm, control_s).is_err() {
                findings.doubt(
                    SubIndication::CryptoConstraintsFailure,
                    "ALGORITHM_WEAK",
                    "EN 319 102-1 5.2.8",
                    format!(
                        "the digest of {name:?} is made with {}, which can no longer be relied on",
                        algorithm.name()
                    ),
                );
            }
        }
    }
}

/// Identifiers of XML Signature 1.1 6.2, XML Encryption 1.1 5.8 and RFC 6931 2.1.
fn algorithm_of(identifier: &str) -> Option<DigestAlgorithm> {
    match identifier {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Some(DigestAlgorithm::Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(DigestAlgorithm::Sha384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(DigestAlgorithm::Sha512),
        "http://www.w3.org/2001/04/xmldsig-more#sha224" => Some(DigestAlgorithm::Sha224),
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256" => Some(DigestAlgorithm::Sha3_256),
        "http://www.w3.org/2007/05/xmldsig-more#sha3-384" => Some(DigestAlgorithm::Sha3_384),
        "http://www.w3.org/2007/05/xmldsig-more#sha3-512" => Some(DigestAlgorithm::Sha3_512),
        "http://www.w3.org/2000/09/xmldsig#sha1" => Some(DigestAlgorithm::Sha1),
        _ => None,
    }
}
