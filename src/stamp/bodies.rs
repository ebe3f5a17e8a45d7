//! PDF objects before they have numbers: bodies that refer to each other by place.
//!
//! # Invariants
//! * The first body is the form XObject: `pdf::AppearanceObjects` demands it.

use flate2::{Compression, write::ZlibEncoder};
use std::io::Write as _;

#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    text: Vec<u8>,
    /// Where in `text` a reference goes, and to which body.
    links: Vec<(usize, usize)>,
}

impl Body {
    pub fn of(text: &str) -> Body {
        Body::default().text(text)
    }

    pub fn text(mut self, text: &str) -> Body {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    /// ` n 0 R` of the body at this place.
    pub fn link(mut self, place: usize) -> Body {
        self.links.push((self.text.len(), place));
        self
    }

    pub fn append(mut self, other: Body) -> Body {
        let shift = self.text.len();
        self.text.extend_from_slice(&other.text);
        self.links
            .extend(other.links.iter().map(|(at, place)| (at + shift, *place)));
        self
    }

    /// Ends a stream dictionary that was begun with `<<`.
    pub fn stream(self, data: &[u8]) -> Body {
        let mut body = self.text(&format!(" /Length {} >>\nstream\n", data.len()));
        body.text.extend_from_slice(data);
        body.text("\nendstream")
    }

    fn numbered(&self, first: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.text.len() + 16 * self.links.len());
        let mut done = 0;
        for (at, place) in &self.links {
            out.extend_from_slice(self.text.get(done..*at).unwrap_or_default());
            let place = u32::try_from(*place).unwrap_or(u32::MAX);
            out.extend_from_slice(format!(" {} 0 R", first.saturating_add(place)).as_bytes());
            done = *at;
        }
        out.extend_from_slice(self.text.get(done..).unwrap_or_default());
        out
    }
}

/// All objects of one stamp, the form XObject at place 0.
#[derive(Debug, Clone)]
pub(crate) struct Bodies(Vec<Body>);

impl Bodies {
    /// Place 0 is kept for the form, which is known last.
    pub fn new() -> Bodies {
        Bodies(vec![Body::default()])
    }

    pub fn add(&mut self, body: Body) -> usize {
        self.0.push(body);
        self.0.len() - 1
    }

    pub fn set_form(&mut self, form: Body) {
        if let Some(first) = self.0.first_mut() {
            *first = form;
        }
    }

    pub fn numbered(&self, first: u32) -> Vec<Vec<u8>> {
        self.0.iter().map(|body| body.numbered(first)).collect()
    }
}

/// Zlib, level 9: what is compressed here is made once per office or is small.
pub(crate) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to a Vec does not fail.
    encoder
        .write_all(data)
        .and_then(|()| encoder.finish())
        .unwrap_or_default()
}
