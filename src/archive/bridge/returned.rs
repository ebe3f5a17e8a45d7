//! What may come back: the document that went out, with exactly one more signature and nothing else changed.

use std::collections::BTreeSet;

use crate::archive::hand::Signing;
use crate::archive::told::Told;
use crate::pdf::{self, ChangeKind, Changes, Limits, SignatureField};
use crate::pki::cert::Certificate;
use crate::pki::cms::SignedData;
use crate::pki::tsp::Token;
use crate::record::{Digest, SignatureLevel};
use crate::verify::{Coverage, Indication, Report, SignatureReport};

/// What is wrong with a file that came back; nothing of it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameBack {
    /// It does not begin with the bytes that went out: saved anew, or another document.
    OtherDocument,
    /// Not one more signature, but so many.
    Signatures {
        added: usize,
    },
    /// Something besides the signature was changed.
    Changed {
        what: String,
    },
    /// The new signature does not cover the file to its end.
    NotWhole,
    SignatureWrong {
        why: String,
    },
    OtherCertificate {
        found: String,
    },
}

impl CameBack {
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherDocument => "returned_other_document",
            Self::Signatures { .. } => "returned_signature_count",
            Self::Changed { .. } => "returned_changed",
            Self::NotWhole => "returned_not_whole",
            Self::SignatureWrong { .. } => "returned_signature_wrong",
            Self::OtherCertificate { .. } => "returned_other_certificate",
        }
    }

    #[must_use]
    pub fn told(&self) -> Told {
        let told = Told::new(self.code());
        match self {
            Self::OtherDocument | Self::NotWhole => told,
            Self::Signatures { added } => told.with("added", added.to_string()),
            Self::Changed { what } => told.with("what", what),
            Self::SignatureWrong { why } => told.with("why", why),
            Self::OtherCertificate { found } => told.with("found", found),
        }
    }
}

/// The one new signature, its form and place checked; its validity is judged after.
#[derive(Debug)]
pub(super) struct NewSignature {
    pub field: String,
    pub signing: Signing,
    /// Its time-stamps, as they are carried.
    tokens: Vec<Token>,
    /// Signatures before it.
    pub earlier: usize,
}

/// Everything about a returned file that needs no trust: prefix, count, changes.
pub(super) fn compare(
    went_out: &[u8],
    came_back: &[u8],
    limits: &Limits,
) -> Result<NewSignature, CameBack> {
    if came_back.len() <= went_out.len() || !came_back.starts_with(went_out) {
        return Err(CameBack::OtherDocument);
    }
    let unreadable = |refusal: pdf::Refusal| CameBack::Changed {
        what: refusal.to_string(),
    };
    let before = pdf::signatures(went_out, limits).map_err(unreadable)?;
    let after = pdf::signatures(came_back, limits).map_err(unreadable)?;
    let known: BTreeSet<&str> = before.fields.iter().map(|f| f.name.as_str()).collect();
    let new: Vec<&SignatureField> = after
        .fields
        .iter()
        .filter(|f| !known.contains(f.name.as_str()))
        .collect();
    let strays = after.strays.len().saturating_sub(before.strays.len());
    let [field] = new.as_slice() else {
        return Err(CameBack::Signatures {
            added: new.len().saturating_add(strays),
        });
    };
    if strays > 0 || after.fields.len() != before.fields.len().saturating_add(1) {
        return Err(CameBack::Signatures {
            added: after.fields.len().saturating_sub(before.fields.len()) + strays,
        });
    }
    only_signed(went_out, came_back, limits)?;
    let (signing, tokens) = signer_of(field)?;
    Ok(NewSignature {
        field: field.name.clone(),
        signing,
        tokens,
        earlier: before.fields.len(),
    })
}

/// Besides the signature: what a writer does along with it (dates, extensions, evidence), and no more.
fn only_signed(went_out: &[u8], came_back: &[u8], limits: &Limits) -> Result<(), CameBack> {
    let end = u64::try_from(went_out.len()).unwrap_or(u64::MAX);
    let changes = match pdf::changes_after(came_back, end, limits) {
        Changes::Permitted(changes) => changes,
        Changes::None => return Err(CameBack::Signatures { added: 0 }),
        Changes::Forbidden(changes) => {
            let found: BTreeSet<String> = changes
                .iter()
                .filter(|change| !change.kind.is_permitted())
                .map(|change| format!("{}: {}", change.kind.code(), change.detail))
                .collect();
            let found: Vec<String> = found.into_iter().take(4).collect();
            return Err(CameBack::Changed {
                what: found.join("; "),
            });
        }
    };
    let added = changes.iter().filter(|change| {
        matches!(
            change.kind,
            ChangeKind::SignatureAdded | ChangeKind::VisibleSignatureAdded
        )
    });
    match added.count() {
        1 => Ok(()),
        added => Err(CameBack::Signatures { added }),
    }
}

fn signer_of(field: &SignatureField) -> Result<(Signing, Vec<Token>), CameBack> {
    let wrong = |why: &str| CameBack::SignatureWrong { why: why.into() };
    let signed =
        SignedData::parse_padded(&field.contents).map_err(|_| wrong("its CMS can't be read"))?;
    let [signer] = signed.signers.as_slice() else {
        return Err(wrong("it has not exactly one signer"));
    };
    let carried = signed.parsed_certificates();
    let certificate = signer
        .find_certificate(&carried)
        .cloned()
        .ok_or_else(|| wrong("it does not carry its signer's certificate"))?;
    let chain: Vec<Certificate> = carried
        .into_iter()
        .filter(|c| c.sha256() != certificate.sha256())
        .collect();
    let tokens = signer
        .timestamp_tokens()
        .into_iter()
        .map(Token::parse)
        .collect::<Result<Vec<Token>, _>>()
        .map_err(|_| wrong("its time-stamp can't be read"))?;
    Ok((Signing { certificate, chain }, tokens))
}

impl NewSignature {
    /// Of the verdict on the whole file: the new signature is valid and covers all of it, and no earlier one is broken.
    pub fn judged(&self, report: &Report) -> Result<(), CameBack> {
        let own = self.own(report)?;
        if own.coverage != Coverage::WholeFile {
            return Err(CameBack::NotWhole);
        }
        let broken = |s: &&SignatureReport| s.indication == Indication::TotalFailed;
        let judged = if own.indication == Indication::TotalPassed {
            report.signatures.iter().find(broken)
        } else {
            Some(own)
        };
        if let Some(bad) = judged {
            let reasons: Vec<&str> = bad.reasons.iter().map(|r| r.code.as_str()).collect();
            return Err(CameBack::SignatureWrong {
                why: format!("{}: {}", bad.field, reasons.join(", ")),
            });
        }
        let signer = own.signer.as_ref().map(|s| s.certificate_sha256.clone());
        let ours = Digest::new(self.signing.certificate.sha256()).to_string();
        if signer.as_deref() != Some(ours.as_str()) {
            return Err(CameBack::OtherCertificate {
                found: signer.unwrap_or_default(),
            });
        }
        Ok(())
    }

    fn own<'r>(&self, report: &'r Report) -> Result<&'r SignatureReport, CameBack> {
        report
            .signatures
            .iter()
            .find(|s| s.field == self.field)
            .ok_or_else(|| CameBack::SignatureWrong {
                why: "the validator does not see it".into(),
            })
    }

    /// The first time-stamp that holds. They stand in the report in the order in which they are carried.
    pub fn good_token(&self, report: &Report) -> Option<&Token> {
        let judged = self.own(report).ok()?.timestamps.iter().zip(&self.tokens);
        judged
            .filter(|(report, _)| report.indication == Indication::TotalPassed)
            .map(|(_, token)| token)
            .next()
    }

    /// The level that the validator found; what is no baseline signature has none, and is kept as the lowest.
    pub fn level(&self, report: &Report) -> SignatureLevel {
        let found = self.own(report).ok().and_then(|own| own.level.as_deref());
        let levels = [
            SignatureLevel::BT,
            SignatureLevel::BLT,
            SignatureLevel::BLTA,
        ];
        levels
            .into_iter()
            .find(|level| found == Some(level.as_str()))
            .unwrap_or(SignatureLevel::BB)
    }
}
