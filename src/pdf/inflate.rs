//! Stream data to bytes, for cross-reference and object streams only: FlateDecode with or without a predictor.
//!
//! ISO 32000-1 7.4.4. Page contents, images and fonts are never inflated here.
//!
//! # Invariants
//! * Output is bounded before it is allocated, by total and by ratio.

use super::Limits;
use super::refusal::Refusal;
use flate2::{Decompress, FlushDecompress, Status};

/// ISO 32000-1 table 8; the defaults are those of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Predictor {
    pub kind: i64,
    pub colors: i64,
    pub bits: i64,
    pub columns: i64,
}

/// Below this much output the ratio is not looked at: a few hundred bytes of zeros are not an attack.
const RATIO_FREE_BYTES: u64 = 1 << 20;
const STEP_BYTES: usize = 64 << 10;

/// Inflates a whole zlib stream into at most `budget` bytes.
pub(crate) fn inflate(data: &[u8], budget: u64, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let stored = u64::try_from(data.len()).unwrap_or(u64::MAX);
    let by_ratio = stored
        .saturating_mul(limits.max_inflate_ratio)
        .max(RATIO_FREE_BYTES);
    let most = budget.min(by_ratio);
    let mut engine = Decompress::new(true);
    let mut out: Vec<u8> = Vec::with_capacity(data.len().saturating_mul(4).clamp(256, STEP_BYTES));
    loop {
        let consumed = usize::try_from(engine.total_in()).unwrap_or(usize::MAX);
        let before = (engine.total_in(), engine.total_out());
        if out.capacity() == out.len() {
            out.reserve(out.len().clamp(256, 1 << 20));
        }
        let status = engine
            .decompress_vec(
                data.get(consumed..).unwrap_or_default(),
                &mut out,
                FlushDecompress::None,
            )
            .map_err(|_| Refusal::damaged("a compressed stream is damaged"))?;
        if engine.total_out() > most {
            return Err(Refusal::OverBudget {
                what: "inflated streams",
            });
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        let room = out.capacity() > out.len();
        if room && before == (engine.total_in(), engine.total_out()) {
            return Err(Refusal::damaged("a compressed stream does not end"));
        }
    }
}

/// ISO 32000-1 7.4.4.4.
pub(crate) fn undo_predictor(data: Vec<u8>, predictor: Predictor) -> Result<Vec<u8>, Refusal> {
    if predictor.kind == 1 {
        return Ok(data);
    }
    let odd = || Refusal::damaged("a predictor that cross-reference streams do not use");
    let size = |number: i64, most: i64| {
        usize::try_from(number)
            .ok()
            .filter(|_| (1..=most).contains(&number))
            .ok_or_else(odd)
    };
    if !(10..=15).contains(&predictor.kind) || predictor.bits != 8 {
        return Err(odd());
    }
    let step = size(predictor.colors, 32)?;
    let width = size(predictor.columns, 65_536)?
        .checked_mul(step)
        .ok_or_else(odd)?;
    if !data.len().is_multiple_of(width + 1) {
        return Err(Refusal::damaged(
            "the rows of a predictor do not fill the stream",
        ));
    }
    let mut out = Vec::with_capacity(data.len());
    let mut above = vec![0u8; width];
    for row in data.chunks_exact(width + 1) {
        let Some((method, row)) = row.split_first() else {
            continue;
        };
        let mut current = row.to_vec();
        png_row(*method, &mut current, &above, step)?;
        out.extend_from_slice(&current);
        above = current;
    }
    Ok(out)
}

/// PNG (ISO/IEC 15948) 9.2: the five filter types; every byte leans on its left, upper and upper left neighbour.
fn png_row(method: u8, row: &mut [u8], above: &[u8], step: usize) -> Result<(), Refusal> {
    for index in 0..row.len() {
        let neighbour = |line: &[u8]| {
            index
                .checked_sub(step)
                .and_then(|before| line.get(before).copied())
                .unwrap_or(0)
        };
        let left = neighbour(row);
        let up = above.get(index).copied().unwrap_or(0);
        let add = match method {
            0 => 0,
            1 => left,
            2 => up,
            3 => u8::midpoint(left, up),
            4 => paeth(left, up, neighbour(above)),
            _ => return Err(Refusal::damaged("an unknown PNG filter")),
        };
        if let Some(byte) = row.get_mut(index) {
            *byte = byte.wrapping_add(add);
        }
    }
    Ok(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |byte: u8| (estimate - i16::from(byte)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
