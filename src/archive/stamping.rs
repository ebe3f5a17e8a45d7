//! What an office's signature looks like on a page, where that is asked for, and a preview of it.
//!
//! # Invariants
//! * The look is laid out before a key is used: what does not fit on the page is refused with nothing signed.
//! * A code that is drawn leads to the result that the same request makes.

use std::path::PathBuf;

use super::accept::Refusal;
use super::gate::{Filing, Pass};
use super::open::Archive;
use super::seal::Seal;
use crate::pdf::{self, FieldRequest, Place, SubFilter, append_signature};
use crate::record::{Digest, Fault, PublicId, ResultRecord, UtcTime, sha256};
use crate::sign::Upload;
use crate::stamp::{Anchor, Facts, Materials, Request, Stationery, lay_out, preview_png};

/// Pictures of an office, and how wide they really are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StampFiles {
    pub seal_png: Option<PathBuf>,
    pub seal_width_mm: f64,
    pub signature_png: Option<PathBuf>,
    pub signature_width_mm: f64,
}

impl StampFiles {
    /// Fonts and pictures, made ready once.
    ///
    /// # Errors
    /// A picture can't be read or used.
    pub(super) fn stationery(&self, office_name: &str) -> Result<Stationery, Fault> {
        let read = |file: &Option<PathBuf>| match file {
            Some(file) => std::fs::read(file)
                .map(Some)
                .map_err(|e| Fault::new(format!("reading {}", file.display()), e)),
            None => Ok(None),
        };
        let (seal, signature) = (read(&self.seal_png)?, read(&self.signature_png)?);
        let materials = Materials {
            signature_png: signature.as_deref(),
            signature_width_mm: self.signature_width_mm,
            seal_png: seal.as_deref(),
            seal_width_mm: self.seal_width_mm,
            words: &[office_name],
        };
        Stationery::new(&materials).map_err(|e| Fault::new("making pictures ready for stamps", e))
    }
}

/// A stamp as it was asked for.
#[derive(Debug, Clone)]
pub struct StampAsked {
    request: Request,
    /// Of the JSON as it came: part of what a repeated request has to equal.
    pub(super) sha256: Digest,
}

impl StampAsked {
    /// # Errors
    /// In words, what of the JSON is not understood.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let request = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        Ok(Self {
            request,
            sha256: sha256(json),
        })
    }
}

/// A stamp with what is true of this result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub asked: &'a StampAsked,
    pub record: &'a ResultRecord,
    pub public_id: &'a PublicId,
}

/// How a preview is drawn: readable, and under a megapixel for a page of A4.
const PREVIEW_DPI: u32 = 96;

impl Archive {
    pub(super) fn place(
        &self,
        seal: &Seal,
        upload: &Upload,
        look: Option<Look<'_>>,
        now: UtcTime,
    ) -> Result<Place, Refusal> {
        let Some(look) = look else {
            return Ok(Place::Invisible);
        };
        let verify_url = format!("{}/v/{}", self.settings.base_url, look.public_id);
        let (number, code) = (look.record.number.to_string(), look.public_id.to_string());
        let facts = Facts {
            signed_at: now,
            agency: &seal.office().name,
            signer: None,
            email: None,
            symbol: Some(&number),
            verify_url: Some(&verify_url),
            code: Some(&code),
        };
        let inspected = pdf::inspect(upload.bytes(), &self.limits()).map_err(Refusal::Pdf)?;
        let request = &look.asked.request;
        let appearance =
            lay_out(&inspected, seal.stationery(), request, &facts).map_err(Refusal::Stamp)?;
        Ok(match &request.anchor {
            Some(Anchor::Field(name)) => Place::Field {
                name: name.clone(),
                appearance: Some(appearance),
            },
            _ => Place::Visible(appearance),
        })
    }

    /// The page as it will look, as PNG. Nothing is signed or kept.
    ///
    /// # Errors
    /// Why the result would not be taken so, or not be drawn.
    pub fn preview(
        &self,
        pass: &Pass<Filing>,
        record: &ResultRecord,
        upload: &Upload,
        asked: &StampAsked,
    ) -> Result<Vec<u8>, Refusal> {
        let office = pass
            .office()
            .cloned()
            .ok_or_else(|| Fault::plain("a filing pass without an office"))?;
        let seal = self
            .seals
            .get(&office)
            .ok_or(Refusal::OfficeUnknown(office))?;
        // No result has this code: a preview that is printed leads nowhere.
        let public_id = PublicId::new([0; 16]);
        let look = Look {
            asked,
            record,
            public_id: &public_id,
        };
        let limits = self.limits();
        let place = self.place(seal, upload, Some(look), self.now())?;
        let page = match &place {
            Place::Visible(appearance) => appearance.page,
            Place::Field {
                appearance: Some(appearance),
                ..
            } => appearance.page,
            Place::Field { .. } | Place::Invisible => 0,
        };
        let request = FieldRequest {
            sub_filter: SubFilter::CadesDetached,
            m: Some(self.now().to_pdf_date()),
            name: None,
            reason: None,
            location: None,
            contents_bytes: 1,
            place,
        };
        let inspected = pdf::inspect(upload.bytes(), &limits).map_err(Refusal::Pdf)?;
        let increment = append_signature(&inspected, &request).map_err(Refusal::Pdf)?;
        let drawn = [upload.bytes(), increment.tail.as_slice()].concat();
        preview_png(&drawn, page.saturating_add(1), PREVIEW_DPI, &limits).map_err(Refusal::Stamp)
    }
}
