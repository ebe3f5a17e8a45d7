//! Cross-reference streams: ISO 32000-1 7.5.8.
//!
//! # Invariants
//! * `/Index` and `/W` account for every byte of the inflated stream.

use super::{Budget, Data, Entry, Section, Subsection, sorted, trailer_dict};
use crate::pdf::frame::{self, Framed};
use crate::pdf::object::{Dict, Value};
use crate::pdf::refusal::Refusal;

pub(super) fn read<'a>(
    file: &'a [u8],
    offset: usize,
    left: &mut Budget,
) -> Result<Section<'a>, Refusal> {
    let limits = left.limits.clone();
    let limits = &limits;
    // 7.5.8.2: Length and all values of this dictionary are direct.
    let framed = frame::read(file, offset, limits, &mut |_| {
        Err(Refusal::broken(
            "the length of a cross-reference stream is not direct",
            offset,
        ))
    })
    .map_err(|refusal| match refusal {
        Refusal::Broken { .. } => {
            Refusal::broken("no cross-reference section where one is announced", offset)
        }
        other => other,
    })?;
    let Framed {
        id,
        item,
        data: Some(data),
        end,
    } = framed
    else {
        return Err(Refusal::broken(
            "no cross-reference section where one is announced",
            offset,
        ));
    };
    let trailer = trailer_dict(item, offset)?;
    if !trailer.name_is("Type", "XRef") {
        return Err(Refusal::broken(
            "no cross-reference section where one is announced",
            offset,
        ));
    }
    let rows = frame::decoded(
        &trailer,
        file.get(data).unwrap_or_default(),
        left.inflated_bytes,
        limits,
    )?;
    left.inflated_bytes = left
        .inflated_bytes
        .saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    let widths = widths(&trailer).ok_or_else(|| Refusal::broken("a malformed /W", offset))?;
    let subsections = subsections(&trailer, &widths, rows.len()).ok_or_else(|| {
        Refusal::broken(
            "/Index, /W and the cross-reference stream do not fit",
            offset,
        )
    })?;
    Ok(Section {
        offset,
        end,
        trailer,
        stream: Some(id),
        subsections: sorted(subsections, offset, limits)?,
        data: Data::Stream { rows, widths },
    })
}

/// Table 17: three widths; more than 8 bytes would not fit a number, and the second field is always needed.
fn widths(dict: &Dict<'_>) -> Option<[usize; 3]> {
    let [a, b, c] = dict.value("W")?.array()? else {
        return None;
    };
    let width = |value: &Value<'_>| match value {
        Value::Integer(width) => usize::try_from(*width).ok().filter(|width| *width <= 8),
        _ => None,
    };
    let widths = [width(&a.value)?, width(&b.value)?, width(&c.value)?];
    let [_, second, _] = widths;
    (second > 0).then_some(widths)
}

fn subsections(dict: &Dict<'_>, widths: &[usize; 3], rows: usize) -> Option<Vec<Subsection>> {
    let width: usize = widths.iter().sum();
    let whole = |value: &Value<'_>| match value {
        Value::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    let pairs: Vec<(u32, u32)> = match dict.value("Index") {
        None => vec![(0, whole(dict.value("Size")?)?)],
        Some(index) => {
            let items = index.array()?;
            if items.len() % 2 != 0 {
                return None;
            }
            items
                .chunks_exact(2)
                .map(|pair| match pair {
                    [first, count] => Some((whole(&first.value)?, whole(&count.value)?)),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()?
        }
    };
    let mut at = 0usize;
    let mut subsections = Vec::with_capacity(pairs.len());
    for (first, count) in pairs {
        first.checked_add(count)?;
        subsections.push(Subsection {
            first,
            count,
            at,
            width,
        });
        at = at.checked_add(usize::try_from(count).ok()?.checked_mul(width)?)?;
    }
    (at == rows).then_some(subsections)
}

pub(super) fn entry(rows: &[u8], widths: &[usize; 3], at: usize) -> Result<Entry, Refusal> {
    let odd = || Refusal::damaged("a malformed entry of a cross-reference stream");
    let width: usize = widths.iter().sum();
    let mut row = rows
        .get(at..at.saturating_add(width))
        .ok_or_else(odd)?
        .iter();
    let mut fields = [0u64; 3];
    for (field, width) in fields.iter_mut().zip(widths) {
        *field = row
            .by_ref()
            .take(*width)
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    }
    let [kind, second, third] = fields;
    let [kind_width, _, _] = *widths;
    // Table 17: no first field means type 1. Table 18: unknown types are references to null.
    match if kind_width == 0 { 1 } else { kind } {
        0 => Ok(Entry::Free),
        1 if second == 0 => Ok(Entry::Free),
        1 => Ok(Entry::At {
            offset: usize::try_from(second).map_err(|_| odd())?,
            generation: u16::try_from(third).map_err(|_| odd())?,
        }),
        2 => Ok(Entry::In {
            container: u32::try_from(second).map_err(|_| odd())?,
            index: u32::try_from(third).map_err(|_| odd())?,
        }),
        _ => Err(odd()),
    }
}
