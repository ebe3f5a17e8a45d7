//! Hash functions by their identifiers (RFC 3370, RFC 5754, FIPS 180-4, FIPS 202).
//!
//! # Invariants
//! * SHA-1 is recognised so that old signatures can be judged; nothing in this project produces a signature with it.

use sha2::Digest as _;

use super::der::{Reader, tag, write};
use super::{Malformed, oid};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

const ALL: [DigestAlgorithm; 8] = [
    DigestAlgorithm::Sha1,
    DigestAlgorithm::Sha224,
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha512,
    DigestAlgorithm::Sha3_256,
    DigestAlgorithm::Sha3_384,
    DigestAlgorithm::Sha3_512,
];

impl DigestAlgorithm {
    pub fn from_oid(body: &[u8]) -> Option<Self> {
        ALL.into_iter().find(|algorithm| algorithm.oid() == body)
    }

    pub const fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => oid::SHA_1,
            Self::Sha224 => oid::SHA_224,
            Self::Sha256 => oid::SHA_256,
            Self::Sha384 => oid::SHA_384,
            Self::Sha512 => oid::SHA_512,
            Self::Sha3_256 => oid::SHA3_256,
            Self::Sha3_384 => oid::SHA3_384,
            Self::Sha3_512 => oid::SHA3_512,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_384 => "SHA3-384",
            Self::Sha3_512 => "SHA3-512",
        }
    }

    pub const fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }

    pub fn hash(self, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        hasher.finish()
    }

    pub fn hasher(self) -> Hasher {
        let state = match self {
            Self::Sha224 => State::Sha224(sha2::Sha224::new()),
            Self::Sha256 => State::Sha256(sha2::Sha256::new()),
            Self::Sha384 => State::Sha384(sha2::Sha384::new()),
            Self::Sha512 => State::Sha512(sha2::Sha512::new()),
            Self::Sha1 | Self::Sha3_256 | Self::Sha3_384 | Self::Sha3_512 => {
                State::OpenSsl(super::crypto::StreamingDigest::new(self))
            }
        };
        Hasher {
            algorithm: self,
            state,
        }
    }

    /// AlgorithmIdentifier without parameters (RFC 5754 2: to be left out when generating).
    pub fn algorithm_identifier(self) -> Vec<u8> {
        write::sequence(&[write::oid(self.oid())])
    }

    /// AlgorithmIdentifier with NULL parameters: what requests to time-stamping authorities and OCSP responders carry, some of which know no other.
    pub fn algorithm_identifier_with_null(self) -> Vec<u8> {
        write::sequence(&[write::oid(self.oid()), write::null()])
    }

    /// Reads an AlgorithmIdentifier: the identifier's octets, and the algorithm where it is known. Absent parameters and NULL are both
    /// accepted (RFC 5754 2), others are not.
    pub fn read<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], Option<Self>), Malformed> {
        const WHAT: &str = "digest AlgorithmIdentifier";
        let mut fields = reader.sequence(WHAT)?;
        let body = fields.oid(WHAT)?;
        let known = Self::from_oid(body);
        if known.is_some() {
            fields.optional(tag::NULL, WHAT)?;
            fields.finish(WHAT)?;
        }
        Ok((body, known))
    }
}

/// A hash being computed piece by piece.
#[derive(Clone)]
pub struct Hasher {
    algorithm: DigestAlgorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    OpenSsl(super::crypto::StreamingDigest),
}

impl Hasher {
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha224(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha384(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::OpenSsl(state) => state.update(bytes),
        }
    }

    /// The digest; empty, and so equal to no digest, where the library has failed.
    pub fn finish(self) -> Vec<u8> {
        match self.state {
            State::Sha224(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
            State::OpenSsl(state) => state.finish(),
        }
    }
}

/// SHA-256 into an array, for identities.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(bytes).into()
}
