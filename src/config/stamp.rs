//! `[office.stamp]`: the pictures that an office's visible signatures are drawn with.

use super::check::Checker;
use super::{OfficeStamp, raw};

/// Decree 30/2020, appendix I: the seal stands at its real size; round seals of agencies are 36 mm wide.
const SEAL_WIDTH_MM: f64 = 36.0;
/// As wide as people sign.
const SIGNATURE_WIDTH_MM: f64 = 40.0;

pub(super) fn check(c: &mut Checker<'_>, office: &str, raw: Option<&raw::Stamp>) -> OfficeStamp {
    let Some(raw) = raw else {
        return OfficeStamp::default();
    };
    let mut width = |name: &str, value: Option<f64>, usual: f64, range: (f64, f64)| {
        let value = value.unwrap_or(usual);
        if !(range.0..=range.1).contains(&value) {
            c.wrong(
                format!("{office}: stamp.{name}"),
                format!("{value} mm is no width of such a picture"),
                &format!(
                    "give its real width in millimetres, {} to {}",
                    range.0, range.1
                ),
            );
        }
        value
    };
    // The limits are those of the drawing itself.
    let seal_width_mm = width(
        "seal_width_mm",
        raw.seal_width_mm,
        SEAL_WIDTH_MM,
        (15.0, 60.0),
    );
    let signature_width_mm = width(
        "signature_width_mm",
        raw.signature_width_mm,
        SIGNATURE_WIDTH_MM,
        (10.0, 90.0),
    );
    let mut picture = |name: &str, file: Option<&String>| {
        file.map(|file| c.existing(&format!("{office}: stamp.{name}"), file))
    };
    OfficeStamp {
        seal_png: picture("seal_png", raw.seal_png.as_ref()),
        seal_width_mm,
        signature_png: picture("signature_png", raw.signature_png.as_ref()),
        signature_width_mm,
    }
}
