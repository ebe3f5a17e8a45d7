//! A page drawn into pixels by `hayro`.

use super::super::refusal::StampRefusal;
use super::super::sheet::Sheet;
use super::open::{Reader, guarded};
use super::work::Purpose;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

/// Sides of a drawn page are 16-bit numbers; this leaves the renderer room for its own rounding.
const MAX_SIDE: f64 = 32_000.0;
/// A4 at 300 dpi has 8.7 million.
const MAX_PIXELS: f64 = 12_000_000.0;

pub(super) struct Drawn {
    pub width: u16,
    pub height: u16,
    /// Row by row from the top.
    pub rgb: Vec<u8>,
}

impl Drawn {
    /// ITU-R BT.601 luma, in 256ths.
    pub fn grey(&self) -> Vec<u8> {
        self.rgb
            .chunks_exact(3)
            .map(|pixel| match *pixel {
                [r, g, b] => {
                    let luma = (u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8;
                    u8::try_from(luma).unwrap_or(u8::MAX)
                }
                _ => u8::MAX,
            })
            .collect()
    }
}

impl Reader {
    pub(super) fn drawn(&self, index: u32, sheet: &Sheet, dpi: u32) -> Result<Drawn, StampRefusal> {
        let page = self.page(index)?;
        let area = sheet.area();
        let scale = f64::from(dpi) / 72.0;
        let pixels = area.width() * area.height() * scale * scale;
        if area.width() * scale > MAX_SIDE
            || area.height() * scale > MAX_SIDE
            || pixels > MAX_PIXELS
        {
            return Err(StampRefusal::PreviewTooLarge);
        }
        self.afford(
            page,
            Purpose::Drawing {
                pixels: whole(pixels),
            },
        )?;
        // The renderer knows no user unit.
        let (width, _) = page.render_dimensions();
        let scale = scale * area.width() / f64::from(width.max(1.0));
        let scale = narrow(scale);
        let drawn = render(
            page,
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &RenderSettings {
                // Programs inside of strangers' fonts are not run.
                hinting: false,
                ..RenderSettings::default()
            },
            &PixmapSettings {
                x_scale: scale,
                y_scale: scale,
                bg_color: WHITE,
            },
        );
        let rgb = drawn
            .data()
            .iter()
            .flat_map(|pixel| [pixel.r, pixel.g, pixel.b])
            .collect();
        Ok(Drawn {
            width: drawn.width(),
            height: drawn.height(),
            rgb,
        })
    }

    pub fn png(&self, index: u32, sheet: &Sheet, dpi: u32) -> Result<Vec<u8>, StampRefusal> {
        guarded(|| {
            let drawn = self.drawn(index, sheet, dpi)?;
            let mut out = Vec::new();
            let mut encoder =
                png::Encoder::new(&mut out, u32::from(drawn.width), u32::from(drawn.height));
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            encoder
                .write_header()
                .and_then(|mut writer| writer.write_image_data(&drawn.rgb))
                .map_err(|_| StampRefusal::Unreadable)?;
            Ok(out)
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a scale between 0.2 and 30, where single precision is exact enough for pixels"
)]
fn narrow(scale: f64) -> f32 {
    scale as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 12 million"
)]
fn whole(pixels: f64) -> u64 {
    pixels.clamp(0.0, MAX_PIXELS) as u64
}
