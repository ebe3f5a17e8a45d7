//! A visible signature from the command line: which form, its picture, what it says.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::NotMade;
use super::files::read;
use crate::archive::Seal;
use crate::cli::clock;
use crate::pdf::{self, Limits, Place};
use crate::stamp::{Anchor, Facts, Form, Materials, Request, StampRefusal, Stationery, lay_out};

/// A picture in a stamp is some hundred KB; 8 MiB is far beyond what a page can show of it.
const PICTURE_MAX_BYTES: u64 = 8 * 1_024 * 1_024;
/// The width of a hand signature on paper.
const SIGNATURE_WIDTH_MM: f64 = 35.0;
/// Most agencies' seals; those of ministries and provinces say their own with --picture-width-mm.
const SEAL_WIDTH_MM: f64 = 36.0;

#[derive(Debug, Args)]
pub(in crate::cli) struct Stamp {
    /// A visible signature: FORM[,OPTION…][@ANCHOR], e.g. `agency@text:Nguyễn Văn A` / Chữ ký nhìn thấy được
    #[arg(long, value_name = "SPEC")]
    stamp: Option<String>,
    /// The picture of the hand signature or the seal, PNG / Hình chữ ký hoặc con dấu
    #[arg(long, value_name = "PNG", requires = "stamp")]
    picture: Option<PathBuf>,
    /// Its real width in millimetres / Chiều rộng thật của hình, mi-li-mét
    #[arg(long, value_name = "MM", requires = "picture")]
    picture_width_mm: Option<f64>,
    /// Number and symbol of the document, for an annex / Số và ký hiệu của văn bản
    #[arg(long, value_name = "TEXT", requires = "stamp")]
    symbol: Option<String>,
}

impl Stamp {
    pub const fn is_asked(&self) -> bool {
        self.stamp.is_some()
    }

    /// Where the signature stands on `file`, and what it looks like.
    ///
    /// # Errors
    /// The request can't be understood, or can't be met on this file.
    pub fn place(&self, file: &[u8], limits: &Limits, seal: &Seal) -> Result<Place, NotMade> {
        let Some(spec) = &self.stamp else {
            return Ok(Place::Invisible);
        };
        let request = Request::from_str(spec).map_err(|problem| {
            NotMade::could_not(
                "stamp_unknown",
                &[("given", spec), ("why", &problem.to_string())],
            )
        })?;
        let picture = match &self.picture {
            Some(file) => Some(read(file, PICTURE_MAX_BYTES)?),
            None => None,
        };
        let stationery = self
            .stationery(request.form, picture.as_deref())
            .map_err(|refusal| of_stamp(&refusal))?;
        let inspected = pdf::inspect(file, limits).map_err(|r| NotMade::of_pdf(&r))?;
        let subject = seal.certificate().subject();
        let facts = Facts {
            signed_at: clock::now(),
            agency: &seal.office().name,
            signer: subject.common_name(),
            email: None,
            symbol: self.symbol.as_deref(),
            verify_url: None,
            code: None,
        };
        let appearance = lay_out(&inspected, &stationery, &request, &facts)
            .map_err(|refusal| of_stamp(&refusal))?;
        Ok(match request.anchor {
            Some(Anchor::Field(name)) => Place::Field {
                name,
                appearance: Some(appearance),
            },
            _ => Place::Visible(appearance),
        })
    }

    fn stationery(&self, form: Form, picture: Option<&[u8]>) -> Result<Stationery, StampRefusal> {
        let mut materials = Materials {
            signature_width_mm: SIGNATURE_WIDTH_MM,
            seal_width_mm: SEAL_WIDTH_MM,
            ..Materials::default()
        };
        if form == Form::Person {
            materials.signature_png = picture;
            materials.signature_width_mm = self.picture_width_mm.unwrap_or(SIGNATURE_WIDTH_MM);
        } else {
            materials.seal_png = picture;
            materials.seal_width_mm = self.picture_width_mm.unwrap_or(SEAL_WIDTH_MM);
        }
        Stationery::new(&materials)
    }
}

fn of_stamp(refusal: &StampRefusal) -> NotMade {
    if let StampRefusal::Pdf(refusal) = refusal {
        return NotMade::of_pdf(refusal);
    }
    let values = refusal.values();
    let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    NotMade::problem(refusal.code(), &values)
}
