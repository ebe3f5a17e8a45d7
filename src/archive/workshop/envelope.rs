//! CAdES messages and ASiC-E containers, signed and raised the same way (EN 319 122-1 5.3 to 5.5, EN 319 162-1 A.7).
//!
//! # Invariants
//! * As for PDF: what can refuse comes before the key, what was made is judged before it is given out.

use super::{Made, WorkRefusal, Workshop, none_failed, reached, reasons, signatures};
use crate::archive::evidence::Incomplete;
use crate::archive::seal::Seal;
use crate::pdf::Dss;
use crate::pki::cert::Certificate;
use crate::record::SignatureLevel;
use crate::sign::Signature;
use crate::sign::asic::{self, DataFile};
use crate::sign::cades::{self, Packaging, ValidationData};
use crate::trust::RevocationEvidence;
use crate::verify::{
    Indication, Kind, LongTermNeed, Report, asic_lacks, cades_lacks, judge_asic, judge_cades, kind,
};

/// A signature that is there, with what it signs where that stands elsewhere.
#[derive(Clone)]
enum Envelope<'a> {
    Message(cades::Existing, Option<&'a [u8]>),
    Container(asic::Existing),
}

fn message(refusal: &cades::Refusal) -> WorkRefusal {
    WorkRefusal::Message(refusal.to_string())
}

fn container(refusal: &asic::Refusal) -> WorkRefusal {
    WorkRefusal::Message(refusal.to_string())
}

impl Workshop<'_> {
    /// A CAdES signature over `content`.
    ///
    /// # Errors
    /// Why not; nothing was made then.
    pub fn sign_message(
        &self,
        seal: &Seal,
        content: &[u8],
        packaging: Packaging,
        mime_type: Option<&str>,
        level: SignatureLevel,
    ) -> Result<Made, WorkRefusal> {
        self.may_sign(seal)?;
        let signer = seal.signer(0);
        let request = cades::Request {
            certificate: signer.certificate,
            chain: signer.chain,
            algorithm: signer.algorithm,
            mime_type,
            packaging,
        };
        let prepared = cades::prepare(content, &request, self.now());
        let signature = seal
            .key()
            .sign(prepared.to_sign())
            .map_err(WorkRefusal::Key)?;
        let signed = prepared.signed(Signature(signature));
        let token = self.token(level, signed.timestamp_imprint())?;
        let bytes = signed.complete(token.as_deref()).into_bytes();
        let apart = match packaging {
            Packaging::Detached => Some(content),
            Packaging::Enveloping => None,
        };
        let envelope = cades::open(&bytes, apart).map_err(|r| message(&r))?;
        self.raise_envelope(Envelope::Message(envelope, apart), level)
    }

    /// An ASiC-E container of `files` with one CAdES signature.
    ///
    /// # Errors
    /// Why not; nothing was made then.
    pub fn sign_container(
        &self,
        seal: &Seal,
        files: Vec<DataFile>,
        level: SignatureLevel,
    ) -> Result<Made, WorkRefusal> {
        self.may_sign(seal)?;
        let signer = seal.signer(0);
        let request = asic::Request {
            certificate: signer.certificate,
            chain: signer.chain,
            algorithm: signer.algorithm,
        };
        let prepared = asic::prepare(files, &request, self.now()).map_err(|r| container(&r))?;
        let signature = seal
            .key()
            .sign(prepared.to_sign())
            .map_err(WorkRefusal::Key)?;
        let signed = prepared.signed(Signature(signature));
        let token = self.token(level, signed.timestamp_imprint())?;
        let package = signed
            .complete(token.as_deref())
            .map_err(|r| container(&r))?;
        let envelope = asic::open(package.bytes()).map_err(|r| container(&r))?;
        self.raise_envelope(Envelope::Container(envelope), level)
    }

    /// Any signed file to a higher level; `content` is what a detached CAdES signature signs.
    ///
    /// # Errors
    /// Why not; nothing was made then.
    pub fn extend_any(
        &self,
        bytes: Vec<u8>,
        content: Option<&[u8]>,
        level: SignatureLevel,
    ) -> Result<Made, WorkRefusal> {
        let envelope = match kind(&bytes) {
            Kind::Cms => {
                let existing = cades::open(&bytes, content).map_err(|r| message(&r))?;
                Envelope::Message(existing, content)
            }
            Kind::Asic => Envelope::Container(asic::open(&bytes).map_err(|r| container(&r))?),
            // What is no signed file of another kind is refused as the PDF that it is not.
            Kind::Pdf | Kind::Xades | Kind::Jades | Kind::Unknown => {
                return self.extend(bytes.into(), level);
            }
        };
        let before = self.judge_envelope(&bytes, content);
        if signatures(&before).count() == 0 {
            return Err(WorkRefusal::NoSignature);
        }
        none_failed(&before)?;
        let lowest = signatures(&before).map(reached).min().flatten();
        if level < SignatureLevel::BLTA && lowest >= Some(level) {
            return Err(WorkRefusal::ReachedAlready(level));
        }
        self.raise_envelope(envelope, level)
    }

    fn token(
        &self,
        level: SignatureLevel,
        imprint: [u8; 32],
    ) -> Result<Option<Vec<u8>>, WorkRefusal> {
        if level < SignatureLevel::BT {
            return Ok(None);
        }
        Ok(Some(self.stamp(imprint)?.token.der))
    }

    fn raise_envelope(
        &self,
        mut envelope: Envelope<'_>,
        level: SignatureLevel,
    ) -> Result<Made, WorkRefusal> {
        let content = match &envelope {
            Envelope::Message(_, content) => *content,
            Envelope::Container(_) => None,
        };
        if level >= SignatureLevel::BT && !envelope.is_timestamped() {
            let token = self.stamp(envelope.timestamp_imprint())?;
            envelope = envelope.with_timestamp(&token.token.der)?;
        }
        if level >= SignatureLevel::BLT {
            let evidence = self.gather_envelope(&envelope)?;
            envelope = envelope.with_evidence(&evidence)?;
        }
        if level >= SignatureLevel::BLTA {
            envelope = envelope.with_archive(self)?;
        }
        let bytes = envelope.into_bytes()?;
        let report = self.judge_envelope(&bytes, content);
        let is_sound = report.indication == Indication::TotalPassed
            && signatures(&report).count() > 0
            && signatures(&report).all(|s| reached(s) >= Some(level));
        if is_sound {
            return Ok(Made { bytes, report });
        }
        Err(WorkRefusal::NotSound {
            wanted: level,
            why: format!("{}; {}", report.indication.as_str(), reasons(&report)),
        })
    }

    fn gather_envelope(&self, envelope: &Envelope<'_>) -> Result<Dss, WorkRefusal> {
        let now = self.now();
        let mut failed = None;
        let gathered = self.gatherer(&[]).gather_for(now, |held, known| {
            let with = envelope.clone().with_evidence(held);
            match with.and_then(|envelope| envelope.lacks(self, known)) {
                Ok(lacks) => Ok(lacks),
                Err(refusal) => {
                    failed = Some(refusal);
                    Err(Incomplete::Missing(Vec::new()))
                }
            }
        });
        match failed {
            Some(refusal) => Err(refusal),
            None => Ok(gathered?),
        }
    }

    fn judge_envelope(&self, bytes: &[u8], content: Option<&[u8]>) -> Report {
        let nothing = RevocationEvidence::default();
        let evidence = self.evidence(&nothing);
        match kind(bytes) {
            Kind::Asic => judge_asic(bytes, &evidence, self.now()),
            _ => judge_cades(bytes, content, &evidence, self.now()),
        }
    }
}

impl Envelope<'_> {
    fn is_timestamped(&self) -> bool {
        match self {
            Self::Message(existing, _) => existing.is_timestamped(),
            Self::Container(existing) => existing.is_timestamped(),
        }
    }

    const fn timestamp_imprint(&self) -> [u8; 32] {
        match self {
            Self::Message(existing, _) => existing.timestamp_imprint(),
            Self::Container(existing) => existing.timestamp_imprint(),
        }
    }

    fn with_timestamp(self, token: &[u8]) -> Result<Self, WorkRefusal> {
        match self {
            Self::Message(existing, content) => existing
                .with_timestamp(token)
                .map(|e| Self::Message(e, content))
                .map_err(|r| message(&r)),
            Self::Container(existing) => existing
                .with_timestamp(token)
                .map(Self::Container)
                .map_err(|r| container(&r)),
        }
    }

    fn with_evidence(self, evidence: &Dss) -> Result<Self, WorkRefusal> {
        let data = ValidationData {
            certificates: &evidence.certificates,
            crls: &evidence.crls,
            ocsps: &evidence.ocsps,
        };
        match self {
            Self::Message(existing, content) => existing
                .with_evidence(&data)
                .map(|e| Self::Message(e, content))
                .map_err(|r| message(&r)),
            Self::Container(existing) => existing
                .with_evidence(&data)
                .map(Self::Container)
                .map_err(|r| container(&r)),
        }
    }

    fn with_archive(self, workshop: &Workshop<'_>) -> Result<Self, WorkRefusal> {
        match self {
            Self::Message(existing, content) => {
                let prepared = existing.prepare_archive().map_err(|r| message(&r))?;
                let token = workshop.stamp(prepared.imprint())?;
                let stamped = prepared.complete(&token.token.der);
                stamped
                    .map(|e| Self::Message(e, content))
                    .map_err(|r| message(&r))
            }
            Self::Container(existing) => {
                let prepared = existing.prepare_archive().map_err(|r| container(&r))?;
                let token = workshop.stamp(prepared.imprint())?;
                let stamped = prepared.complete(&token.token.der);
                stamped.map(Self::Container).map_err(|r| container(&r))
            }
        }
    }

    fn lacks(
        self,
        workshop: &Workshop<'_>,
        known: &[Certificate],
    ) -> Result<Vec<LongTermNeed>, WorkRefusal> {
        let is_container = matches!(self, Self::Container(_));
        let bytes = self.into_bytes()?;
        let lacks = if is_container {
            asic_lacks
        } else {
            cades_lacks
        };
        Ok(lacks(
            &bytes,
            workshop.anchors,
            known,
            workshop.memory,
            workshop.now(),
        ))
    }

    fn into_bytes(self) -> Result<Vec<u8>, WorkRefusal> {
        match self {
            Self::Message(existing, _) => Ok(existing.into_bytes()),
            Self::Container(existing) => existing.into_bytes().map_err(|r| container(&r)),
        }
    }
}
