//! WCAG 2.2 1.4.3 and 1.4.11 on the palette of the style sheet.

use std::collections::BTreeMap;

fn palette(css: &str) -> BTreeMap<&str, [f64; 3]> {
    css.lines()
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
        .map(|(name, hex)| {
            let number = u32::from_str_radix(hex.trim_end_matches(';'), 16).unwrap();
            let channel = |shift: u32| f64::from((number >> shift) & 0xff) / 255.0;
            (name, [channel(16), channel(8), channel(0)])
        })
        .collect()
}

/// WCAG 2.2, definition of relative luminance.
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|c| {
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_and_edges_stand_out_in_light_and_dark() {
    let css = include_str!("../../../web/assets/antin.css");
    let (light, rest) = css
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let dark = rest.split_once("\n}\n").unwrap().0;
    let text = [
        ("ink", "paper"),
        ("ink", "card"),
        ("ink", "good-back"),
        ("ink", "bad-back"),
        ("ink", "care-back"),
        ("ink", "mute-back"),
        ("soft", "paper"),
        ("soft", "card"),
        ("soft", "mute-back"),
        ("on-seal", "seal"),
        ("on-seal", "seal-deep"),
        ("link", "paper"),
        ("link", "card"),
        ("good", "card"),
        ("good", "good-back"),
        ("bad", "card"),
        ("bad", "bad-back"),
        ("care", "card"),
        ("care", "care-back"),
        ("mute", "card"),
        ("mute", "mute-back"),
        ("bad", "paper"),
    ];
    let edges = [("edge", "card"), ("edge", "paper"), ("link", "mute-back")];
    for sheet in [light, dark] {
        let palette = palette(sheet);
        let ratio = |a: &str, b: &str| contrast(palette[a], palette[b]);
        for (a, b) in text {
            assert!(ratio(a, b) >= 4.5, "{a} on {b}: {:.2}", ratio(a, b));
        }
        for (a, b) in edges {
            assert!(ratio(a, b) >= 3.0, "{a} on {b}: {:.2}", ratio(a, b));
        }
    }
}
