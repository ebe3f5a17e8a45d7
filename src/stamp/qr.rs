//! The verify address as a QR code of vector rectangles: ISO/IEC 18004.
//!
//! # Invariants
//! * The quiet zone of four modules (ISO/IEC 18004 6.3.8) belongs to the code's square, so nothing else comes into it.

use super::refusal::StampRefusal;
use fast_qr::{ECL, QRBuilder};
use std::fmt::Write as _;

/// ISO/IEC 18004 6.3.8.
const QUIET_MODULES: usize = 4;
/// Version 10 (57 modules) holds 213 bytes at level M: at 25 mm a module is 0.38 mm, still read by any phone.
const MAX_MODULES: usize = 57;

#[derive(Debug, Clone)]
pub(crate) struct Code {
    size: usize,
    /// Dark runs: row from the top, first column, length.
    runs: Vec<(usize, usize, usize)>,
}

impl Code {
    /// Level M: 15 % of the code may be dirty or torn.
    pub fn of(address: &str) -> Result<Code, StampRefusal> {
        let too_long = StampRefusal::FactTooLong { what: "verify_url" };
        // The builder's capacity tables end at version 40; longer texts never reach it.
        if address.len() > 2_000 {
            return Err(too_long);
        }
        let code = QRBuilder::new(address)
            .ecl(ECL::M)
            .build()
            .map_err(|_| too_long.clone())?;
        if code.size > MAX_MODULES {
            return Err(too_long);
        }
        let mut runs = Vec::new();
        for (row, y) in code.data.chunks(code.size).take(code.size).zip(0usize..) {
            let mut run: Option<(usize, usize)> = None;
            for (module, x) in row.iter().zip(0usize..) {
                run = match (module.value(), run) {
                    (true, None) => Some((x, 1)),
                    (true, Some((first, length))) => Some((first, length + 1)),
                    (false, Some((first, length))) => {
                        runs.push((y, first, length));
                        None
                    }
                    (false, None) => None,
                };
            }
            if let Some((first, length)) = run {
                runs.push((y, first, length));
            }
        }
        Ok(Code {
            size: code.size,
            runs,
        })
    }

    /// Operators that fill the dark modules in a square of this side (points), lower left corner at x, y.
    pub fn operators(&self, x: f64, y: f64, side: f64) -> String {
        let whole = self.size + 2 * QUIET_MODULES;
        let module = side / units(whole);
        let mut out = format!(
            "q {module:.5} 0 0 {module:.5} {:.3} {:.3} cm\n",
            x + module * 4.0,
            y + module * 4.0
        );
        for (row, first, length) in &self.runs {
            // Rows count from the top, PDF's y from below.
            let _ = writeln!(
                out,
                "{first} {} {length} 1 re",
                self.size.saturating_sub(row + 1)
            );
        }
        out.push_str("f Q\n");
        out
    }
}

fn units(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
