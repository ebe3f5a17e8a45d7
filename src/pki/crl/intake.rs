//! A CRL that arrives piece by piece: refused early, held once, hashed on the way (RFC 5280 5.1).
//!
//! # Invariants
//! * The buffer is made as large as the outer length says, and only after that length was found to be within the bound.
//! * TBSCertList is hashed as it comes in, under the hash that its own signature identifier names.
//! * What `finish` returns was read whole; nothing is believed of a list that was cut.
//!
//! # What is not here
//! Reading from a socket or a file: whoever does pushes what came.

use super::super::Malformed;
use super::super::cert::pem_blocks;
use super::super::crypto::SignatureAlgorithm;
use super::super::der::{Reader, tag};
use super::super::digest::Hasher;
use super::Crl;

/// Identifier and length octets of three nested elements: what must be there before anything is known.
const OUTER_HEADER_MAX_BYTES: usize = 6;
/// Headers, version and AlgorithmIdentifier; one with PSS parameters takes 67 octets.
const HEAD_MAX_BYTES: usize = 512;
/// A buffer for text: base64 needs four octets for three.
const TEXT_MAX_FACTOR: usize = 2;

/// Why a list is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It says that it is larger than the bound, or has grown so.
    TooLarge {
        limit_bytes: usize,
    },
    Malformed(Malformed),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { limit_bytes } => {
                write!(f, "the list is larger than {limit_bytes} bytes")
            }
            Self::Malformed(malformed) => malformed.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

impl From<Malformed> for Refused {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Takes a list in, DER or PEM.
pub struct Intake {
    limit_bytes: usize,
    held: Vec<u8>,
    state: State,
}

enum State {
    /// The first octets are still to come.
    Start,
    /// Text: decoded at the end.
    Text,
    /// DER of this length; what is signed is not yet known.
    Head { total_bytes: usize },
    /// The hash runs: up to `hashed` of what is held went in.
    Body {
        total_bytes: usize,
        tbs: std::ops::Range<usize>,
        hashed: usize,
        hasher: Option<Box<Hasher>>,
    },
}

impl Intake {
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            held: Vec::new(),
            state: State::Start,
        }
    }

    /// # Errors
    /// It is already certain that no list of acceptable size can come of it.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Refused> {
        let bound = match &self.state {
            State::Start | State::Text => self.limit_bytes.saturating_mul(TEXT_MAX_FACTOR),
            State::Head { total_bytes } | State::Body { total_bytes, .. } => *total_bytes,
        };
        if self.held.len().saturating_add(piece.len()) > bound {
            return Err(match &self.state {
                State::Start | State::Text => self.too_large(),
                _ => Malformed::new("CertificateList (octets follow)").into(),
            });
        }
        self.held.extend_from_slice(piece);
        if matches!(self.state, State::Start) {
            self.begin()?;
        }
        if let State::Head { total_bytes } = self.state {
            self.read_head(total_bytes)?;
        }
        self.hash_on();
        Ok(())
    }

    /// # Errors
    /// What came is no list, or not the whole of one.
    pub fn finish(mut self) -> Result<Crl, Refused> {
        if matches!(self.state, State::Text) {
            let blocks = pem_blocks(&self.held, "X509 CRL")?;
            drop(std::mem::take(&mut self.held));
            let first = blocks.into_iter().next();
            let der = first.ok_or(Malformed::new("PEM X509 CRL"))?;
            if der.len() > self.limit_bytes {
                return Err(self.too_large());
            }
            return Ok(Crl::from_vec(der)?);
        }
        let crl = Crl::from_vec(self.held)?;
        if let State::Body {
            hasher: Some(hasher),
            tbs,
            ..
        } = self.state
            && tbs == crl.0.tbs
        {
            // Set by nobody else: this is the first handle.
            let _ = crl.0.tbs_digest.set((hasher.algorithm(), hasher.finish()));
        }
        Ok(crl)
    }

    /// What kind of thing it is, and how large it says it is.
    fn begin(&mut self) -> Result<(), Refused> {
        let Some(first) = self.held.first() else {
            return Ok(());
        };
        if *first != tag::SEQUENCE {
            // RFC 7468 2: text may stand before the first line of dashes, octets that are no text may not.
            if first.is_ascii_graphic() || first.is_ascii_whitespace() {
                self.state = State::Text;
                return Ok(());
            }
            return Err(Malformed::new("CertificateList").into());
        }
        let Some((header_bytes, content_bytes)) = header(&self.held) else {
            return match self.held.len() >= OUTER_HEADER_MAX_BYTES {
                true => Err(Malformed::new("CertificateList").into()),
                false => Ok(()),
            };
        };
        let total_bytes = header_bytes.saturating_add(content_bytes);
        if total_bytes > self.limit_bytes {
            return Err(self.too_large());
        }
        if self.held.len() > total_bytes {
            return Err(Malformed::new("CertificateList (octets follow)").into());
        }
        self.held
            .reserve_exact(total_bytes.saturating_sub(self.held.len()));
        self.state = State::Head { total_bytes };
        Ok(())
    }

    /// Where TBSCertList lies and under which hash it is signed (RFC 5280 5.1.2.2: the identifier inside is that of the signature).
    fn read_head(&mut self, total_bytes: usize) -> Result<(), Refused> {
        let found = head(&self.held);
        match found {
            Some((tbs, hasher)) => {
                if tbs.end > total_bytes {
                    return Err(Malformed::new("TBSCertList").into());
                }
                let hashed = tbs.start;
                self.state = State::Body {
                    total_bytes,
                    tbs,
                    hashed,
                    hasher,
                };
                Ok(())
            }
            None if self.held.len() >= HEAD_MAX_BYTES.min(total_bytes) => {
                Err(Malformed::new("TBSCertList").into())
            }
            None => Ok(()),
        }
    }

    fn hash_on(&mut self) {
        if let State::Body {
            tbs,
            hashed,
            hasher: Some(hasher),
            ..
        } = &mut self.state
        {
            let to = tbs.end.min(self.held.len());
            if let Some(new) = self.held.get(*hashed..to) {
                hasher.update(new);
                *hashed = to;
            }
        }
    }

    fn too_large(&self) -> Refused {
        Refused::TooLarge {
            limit_bytes: self.limit_bytes,
        }
    }
}

/// Octets of identifier and length, and the length they give (X.690 10.1); None: not all there, or not definite.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let octets = bytes.get(2..2 + count)?;
    let length = octets
        .iter()
        .fold(0_usize, |value, byte| (value << 8) | usize::from(*byte));
    Some((2 + count, length))
}

/// The place of TBSCertList and the hash to run over it; no hash where the algorithm signs messages, or is not known.
fn head(bytes: &[u8]) -> Option<(std::ops::Range<usize>, Option<Box<Hasher>>)> {
    let (outer_bytes, _) = header(bytes)?;
    let tbs = bytes.get(outer_bytes..)?;
    if tbs.first() != Some(&tag::SEQUENCE) {
        return None;
    }
    let (tbs_header_bytes, tbs_content_bytes) = header(tbs)?;
    let mut fields = Reader::new(tbs.get(tbs_header_bytes..)?);
    fields.optional(tag::INTEGER, "TBSCertList").ok()?;
    let identifier = fields.read(tag::SEQUENCE, "TBSCertList").ok()?.raw;
    let hasher = SignatureAlgorithm::from_der(identifier, None)
        .ok()
        .and_then(SignatureAlgorithm::digest)
        .map(|digest| Box::new(digest.hasher()));
    let end = outer_bytes
        .checked_add(tbs_header_bytes)?
        .checked_add(tbs_content_bytes)?;
    Some((outer_bytes..end, hasher))
}
