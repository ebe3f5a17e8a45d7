//! PNG files of signatures and seals: what is taken, warned of, refused.

use super::*;
use crate::stamp::Warning;

fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y))
        .collect();
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels))
        .unwrap();
    out
}

/// A frame of this colour round a transparent middle.
fn frame(colour: [u8; 3]) -> Vec<u8> {
    png(300, 300, |x, y| {
        let inside = (20..280).contains(&x) && (20..280).contains(&y);
        let [r, g, b] = colour;
        [r, g, b, if inside { 0 } else { 255 }]
    })
}

fn with_pictures(
    signature: &[u8],
    seal: &[u8],
    seal_width_mm: f64,
) -> Result<Stationery, StampRefusal> {
    Stationery::new(&Materials {
        signature_png: Some(signature),
        signature_width_mm: 40.0,
        seal_png: Some(seal),
        seal_width_mm,
        words: &[],
    })
}

const BLUE: [u8; 3] = [20, 40, 160];
const RED: [u8; 3] = [210, 20, 30];

#[test]
fn blue_and_red_on_transparent_are_as_the_decree_wants_them() {
    assert_eq!(stationery().warnings(), []);
    let kept = with_pictures(&frame(BLUE), &frame(RED), 36.0).unwrap();
    assert_eq!(kept.warnings(), []);
}

#[test]
fn what_the_decree_says_differently_is_warned_of() {
    let kept = with_pictures(&frame(RED), &frame([30, 30, 30]), 60.0).unwrap();
    assert_eq!(
        kept.warnings(),
        [
            Warning::SignatureNotBlue,
            Warning::SealNotRed,
            Warning::SealCoarse
        ]
    );
    let opaque = |colour: [u8; 3]| {
        png(300, 300, move |x, _| {
            let [r, g, b] = if x < 100 { colour } else { [255; 3] };
            [r, g, b, 255]
        })
    };
    let kept = with_pictures(&opaque(BLUE), &opaque(RED), 36.0).unwrap();
    assert_eq!(
        kept.warnings(),
        [
            Warning::SignatureNotTransparent,
            Warning::SealNotTransparent
        ]
    );
}

#[test]
fn a_picture_that_is_none_is_refused() {
    let huge = png(2_001, 1, |_, _| [0, 0, 255, 255]);
    let empty = png(10, 10, |_, _| [0, 0, 0, 0]);
    let mut torn = SIGNATURE.to_vec();
    torn.truncate(4_000);
    for (bytes, says) in [
        (&b"GIF89a"[..], "not a readable PNG"),
        (b"", "not a readable PNG"),
        (&torn, "not a readable PNG"),
        (&huge, "2,000 pixels"),
        (&empty, "empty"),
    ] {
        let refusal = with_pictures(bytes, SEAL, 36.0).unwrap_err();
        assert!(refusal.to_string().contains(says), "{refusal}");
    }
    for width in [0.0, 14.9, 60.1, f64::NAN, f64::INFINITY, -36.0] {
        let refusal = with_pictures(SIGNATURE, SEAL, width).unwrap_err();
        assert!(refusal.to_string().contains("15 to 60 mm"), "{refusal}");
    }
}

#[test]
fn grey_indexed_and_16_bit_files_are_read() {
    for (colour, depth) in [
        (png::ColorType::Grayscale, png::BitDepth::One),
        (png::ColorType::Grayscale, png::BitDepth::Sixteen),
        (png::ColorType::GrayscaleAlpha, png::BitDepth::Eight),
        (png::ColorType::Rgb, png::BitDepth::Sixteen),
        (png::ColorType::Indexed, png::BitDepth::Eight),
    ] {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 8, 8);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        encoder.set_palette(vec![0, 0, 200, 255, 255, 255]);
        let row = (8 * colour.samples() * usize::from(depth as u8)).div_ceil(8);
        let mut data = vec![0u8; row * 8];
        if colour == png::ColorType::GrayscaleAlpha {
            // The last pixel alone is opaque.
            data[row * 8 - 1] = 255;
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&data).unwrap();
        writer.finish().unwrap();
        let kept = with_pictures(&out, &frame(RED), 36.0);
        assert!(kept.is_ok(), "{colour:?} {depth:?}: {:?}", kept.err());
    }
}

#[test]
fn cut_and_changed_pictures_never_panic() {
    for at in (0..SIGNATURE.len()).step_by(97) {
        let mut bytes = SIGNATURE.to_vec();
        bytes[at] ^= 0x55;
        let _ = crate::stamp::picture::Picture::from_png(&bytes);
        let _ = crate::stamp::picture::Picture::from_png(&SIGNATURE[..at.min(2_000)]);
        if at > 4_000 {
            break;
        }
    }
}
