//! The pictures of signature and seal: from PNG to image objects, made once.
//!
//! Decree 30/2020/ND-CP, appendix I: PNG with transparent background, the person's signature blue, the seal red and at
//! its real size. What contradicts that is a `Warning`, not a refusal: the office decides.
//! ISO 32000-1 8.9.5 (images), 8.9.6.3 (stencil masks), 11.6.5.3 (soft masks); ISO 19005-1 6.4 forbids soft masks.
//!
//! # Invariants
//! * Colours are device-independent (CalRGB): allowed in every PDF/A part with any output intent or none.

use super::bodies::{Bodies, Body, deflated};
use super::geometry::Rect;
use super::refusal::StampRefusal;
use std::io::Cursor;

/// A seal of 42 mm at 600 dpi has 992 pixels a side; twice that leaves room for margins.
const MAX_SIDE_PIXELS: u32 = 2_000;
/// 2,000 x 2,000 pixels of 4 bytes hardly compressed at all would be 16 MB; real pictures stay under 1 MB.
const MAX_PNG_BYTES: usize = 4 << 20;
/// Of each deflated picture: it goes into every file that is signed.
const MAX_STORED_BYTES: usize = 1 << 20;
/// The raster on which overlap is judged: a 36 mm seal has cells of 1.5 mm.
const CELLS: usize = 24;
/// Pixels fainter than this are background.
const FAINT: u8 = 32;

/// sRGB as CalRGB: IEC 61966-2-1 primaries with the white point D65, gamma 2.2 (ISO 32000-1 8.6.5.3).
pub(crate) const CAL_RGB: &str = "[/CalRGB << /WhitePoint [0.9505 1 1.089] /Gamma [2.2 2.2 2.2] /Matrix [0.4124 0.2126 0.0193 0.3576 0.7152 0.1192 0.1805 0.0722 0.9505] >>]";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Appendix I wants the person's signature blue.
    SignatureNotBlue,
    /// Appendix I wants the seal red.
    SealNotRed,
    SignatureNotTransparent,
    SealNotTransparent,
    /// Fewer than 150 pixels to the inch at the printed size.
    SignatureCoarse,
    SealCoarse,
}

impl Warning {
    /// Words under `warning.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Warning::SignatureNotBlue => "stamp_signature_not_blue",
            Warning::SealNotRed => "stamp_seal_not_red",
            Warning::SignatureNotTransparent => "stamp_signature_not_transparent",
            Warning::SealNotTransparent => "stamp_seal_not_transparent",
            Warning::SignatureCoarse => "stamp_signature_coarse",
            Warning::SealCoarse => "stamp_seal_coarse",
        }
    }
}

/// How transparency may be written into this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Masking {
    /// 256 levels.
    Soft,
    /// Each pixel is there or not: PDF/A-1, and PDF/A pages without a blending colour space.
    Stencil,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Plane {
    colours: Vec<u8>,
    mask: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    soft: Plane,
    stencil: Plane,
    /// Row by row from the top: where the picture has ink.
    cells: Vec<bool>,
    colour: Colour,
    clear: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Blue,
    Red,
    Other,
}

impl Picture {
    pub fn from_png(bytes: &[u8]) -> Result<Picture, StampRefusal> {
        let (width, height, pixels) = decoded(bytes)?;
        let count = pixels.len() / 4;
        let mut colours = Vec::with_capacity(count * 3);
        let mut alpha = Vec::with_capacity(count);
        let mut on_white = Vec::with_capacity(count * 3);
        for pixel in pixels.chunks_exact(4) {
            let [r, g, b, a] = *pixel else { continue };
            // A colour that nobody sees need not be stored.
            let seen = if a == 0 { [255; 3] } else { [r, g, b] };
            colours.extend_from_slice(&seen);
            alpha.push(a);
            on_white.extend(seen.map(|c| over_white(c, a)));
        }
        let soft = Plane {
            colours: deflated(&colours),
            mask: deflated(&alpha),
        };
        let stencil = Plane {
            colours: deflated(&on_white),
            mask: deflated(&stencil_bits(&alpha, width)),
        };
        if soft.colours.len() + soft.mask.len() > MAX_STORED_BYTES {
            return Err(StampRefusal::Picture {
                why: "more than 1 MiB when compressed; reduce the number of pixels",
            });
        }
        let cells = cells(&alpha, width, height);
        if !cells.contains(&true) {
            return Err(StampRefusal::Picture {
                why: "it is empty: every pixel is transparent",
            });
        }
        let background = alpha.iter().filter(|a| **a < FAINT).count();
        Ok(Picture {
            width,
            height,
            soft,
            stencil,
            cells,
            colour: colour(&colours, &alpha),
            // A scan saved without transparency has none; a drawn picture is mostly background.
            clear: background * 10 > count,
        })
    }

    pub fn colour(&self) -> Colour {
        self.colour
    }

    pub fn has_transparent_background(&self) -> bool {
        self.clear
    }

    /// Width over height.
    pub fn aspect(&self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    pub fn pixels_per_inch(&self, width_mm: f64) -> f64 {
        f64::from(self.width) * 25.4 / width_mm
    }

    /// Where ink falls when the picture fills this rectangle.
    pub fn ink(&self, place: &Rect) -> Vec<Rect> {
        let columns = place.width() / 24.0;
        let rows = place.height() / 24.0;
        let mut ink = Vec::new();
        let (mut x, mut y) = (0.0, 0.0);
        for (cell, at) in self.cells.iter().zip(1usize..) {
            if *cell {
                ink.push(Rect::sized(
                    place.x0 + x * columns,
                    place.y1 - (y + 1.0) * rows,
                    columns,
                    rows,
                ));
            }
            x += 1.0;
            if at % CELLS == 0 {
                x = 0.0;
                y += 1.0;
            }
        }
        ink
    }

    /// Adds image and mask and gives the image's place.
    pub fn embed(&self, masking: Masking, bodies: &mut Bodies) -> usize {
        let size = format!("/Width {} /Height {}", self.width, self.height);
        let (plane, mask, key) = match masking {
            Masking::Soft => (
                &self.soft,
                "/ColorSpace /DeviceGray /BitsPerComponent 8",
                " /SMask",
            ),
            Masking::Stencil => (
                &self.stencil,
                "/ImageMask true /BitsPerComponent 1",
                " /Mask",
            ),
        };
        let mask = bodies.add(
            Body::of(&format!(
                "<< /Type /XObject /Subtype /Image {size} {mask} /Filter /FlateDecode"
            ))
            .stream(&plane.mask),
        );
        bodies.add(
            Body::of(&format!(
                "<< /Type /XObject /Subtype /Image {size} /ColorSpace {CAL_RGB} /BitsPerComponent 8 /Filter /FlateDecode{key}"
            ))
            .link(mask)
            .stream(&plane.colours),
        )
    }
}

/// Width, height, RGBA of 8 bits.
fn decoded(bytes: &[u8]) -> Result<(u32, u32, Vec<u8>), StampRefusal> {
    let refused = |why| StampRefusal::Picture { why };
    if bytes.len() > MAX_PNG_BYTES {
        return Err(refused("the file is larger than 4 MiB"));
    }
    let limits = png::Limits { bytes: 64 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder
        .read_info()
        .map_err(|_| refused("it is not a readable PNG file"))?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > MAX_SIDE_PIXELS || height > MAX_SIDE_PIXELS {
        return Err(refused("more than 2,000 pixels on a side"));
    }
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| refused("it is not a readable PNG file"))?;
    let mut raw = vec![0; size];
    let frame = reader
        .next_frame(&mut raw)
        .map_err(|_| refused("it is not a readable PNG file"))?;
    raw.truncate(frame.buffer_size());
    let pixels: Vec<u8> = match frame.color_type {
        png::ColorType::Rgba => raw,
        png::ColorType::Rgb => spread(&raw, 3, |p| match p {
            [r, g, b] => [*r, *g, *b, 255],
            _ => [0; 4],
        }),
        png::ColorType::GrayscaleAlpha => spread(&raw, 2, |p| match p {
            [y, a] => [*y, *y, *y, *a],
            _ => [0; 4],
        }),
        png::ColorType::Grayscale => spread(&raw, 1, |p| match p {
            [y] => [*y, *y, *y, 255],
            _ => [0; 4],
        }),
        png::ColorType::Indexed => return Err(refused("it is not a readable PNG file")),
    };
    let expected = u64::from(width) * u64::from(height) * 4;
    if u64::try_from(pixels.len()).ok() != Some(expected) || expected == 0 {
        return Err(refused("it is not a readable PNG file"));
    }
    Ok((width, height, pixels))
}

fn spread(raw: &[u8], samples: usize, pixel: impl Fn(&[u8]) -> [u8; 4]) -> Vec<u8> {
    raw.chunks_exact(samples).flat_map(pixel).collect()
}

fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u16::from(colour), u16::from(alpha));
    let mixed = (colour * alpha + 255 * (255 - alpha)) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// ISO 32000-1 8.9.6.3: in a stencil mask, 1 masks out; each row begins a byte.
fn stencil_bits(alpha: &[u8], width: u32) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(usize::MAX).max(1);
    alpha
        .chunks(width)
        .flat_map(|row| row.chunks(8))
        .map(|eight| {
            let bits = eight
                .iter()
                .fold(0u8, |bits, a| bits << 1 | u8::from(*a < 128));
            bits << (8 - eight.len())
        })
        .collect()
}

fn cells(alpha: &[u8], width: u32, height: u32) -> Vec<bool> {
    let width = usize::try_from(width).unwrap_or(usize::MAX).max(1);
    let height = usize::try_from(height).unwrap_or(usize::MAX).max(1);
    let mut cells = vec![false; CELLS * CELLS];
    for (row, y) in alpha.chunks(width).zip(0usize..) {
        for (a, x) in row.iter().zip(0usize..) {
            if *a >= FAINT
                && let Some(cell) = cells.get_mut(y * CELLS / height * CELLS + x * CELLS / width)
            {
                *cell = true;
            }
        }
    }
    cells
}

/// By the mean of what is clearly painted.
fn colour(colours: &[u8], alpha: &[u8]) -> Colour {
    let mut sums = [0u64; 3];
    let mut count = 0u64;
    for (pixel, a) in colours.chunks_exact(3).zip(alpha) {
        // White paper of an opaque scan is background too.
        if *a < 128 || pixel.iter().all(|c| *c > 200) {
            continue;
        }
        count += 1;
        for (sum, c) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*c);
        }
    }
    let [r, g, b] = sums.map(|sum| sum / count.max(1));
    if b > r + 40 && b > g + 20 {
        Colour::Blue
    } else if r > g + 60 && r > b + 60 {
        Colour::Red
    } else {
        Colour::Other
    }
}
