//! What is asked for: which form of stamp, where, and how it writes the time.
//!
//! The forms are those of Decree 30/2020/ND-CP, appendix I. JSON of the interface and the command line's short form
//! (`spec`) lead to the same value.
//!
//! # Invariants
//! * Pages count from 1 here, as people count them.

use serde::{Deserialize, Deserializer};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub form: Form,
    /// None: where the form belongs by rule (`Form::usual_anchor`).
    #[serde(default)]
    pub anchor: Option<Anchor>,
    /// None: the page where the anchor is found; the first for a corner or a rectangle.
    #[serde(default)]
    pub page: Option<u32>,
    #[serde(default)]
    pub over_text: OverText,
    #[serde(default)]
    pub time: TimeStyle,
    #[serde(default)]
    pub qr: Qr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The authorised person's hand signature in blue.
    Person,
    /// The agency's seal in red, at real size, with name and time.
    Agency,
    /// A digitised copy: text only.
    Copy(CopyKind),
    /// An annex in a file of its own: number and symbol, time.
    Annex,
    /// Who signed and when, in plain lines.
    Info,
}

/// Decree 30/2020, article 25: copy, copy of a copy, extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyKind {
    SaoY,
    SaoLuc,
    TrichSao,
}

impl CopyKind {
    pub const ALL: [CopyKind; 3] = [CopyKind::SaoY, CopyKind::SaoLuc, CopyKind::TrichSao];

    /// As it stands on paper.
    pub fn words(self) -> &'static str {
        match self {
            CopyKind::SaoY => "SAO Y",
            CopyKind::SaoLuc => "SAO LỤC",
            CopyKind::TrichSao => "TRÍCH SAO",
        }
    }
}

impl Form {
    pub const ALL: [Form; 7] = [
        Form::Person,
        Form::Agency,
        Form::Copy(CopyKind::SaoY),
        Form::Copy(CopyKind::SaoLuc),
        Form::Copy(CopyKind::TrichSao),
        Form::Annex,
        Form::Info,
    ];

    /// For data and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Form::Person => "person",
            Form::Agency => "agency",
            Form::Copy(CopyKind::SaoY) => "copy:sao-y",
            Form::Copy(CopyKind::SaoLuc) => "copy:sao-luc",
            Form::Copy(CopyKind::TrichSao) => "copy:trich-sao",
            Form::Annex => "annex",
            Form::Info => "info",
        }
    }

    pub fn find(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.as_str() == name)
    }

    /// Where the decree puts it; none where only the clerk can know.
    pub fn usual_anchor(self) -> Option<Anchor> {
        match self {
            Form::Person => None,
            Form::Agency => Some(Anchor::Signature),
            Form::Copy(_) | Form::Annex | Form::Info => Some(Anchor::TopRight),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Form, D::Error> {
        let name = String::deserialize(deserializer)?;
        Form::find(&name).ok_or_else(|| {
            let known = Form::ALL.map(Form::as_str).join(", ");
            serde::de::Error::custom(format!("no form {name:?}; there are: {known}"))
        })
    }
}

/// What the stamp is placed by.
#[derive(Debug, Clone, PartialEq)]
pub enum Anchor {
    /// The upper right corner of the page; further ones go leftwards, then downwards.
    TopRight,
    /// The newest visible signature: the seal goes over its left third.
    Signature,
    /// Words on the page, usually the signatory's name.
    Text { words: String, which: Which },
    /// An empty signature field of this full name.
    Field(String),
    /// Left, top, width, height in millimetres from the upper left corner, as the reader sees the page.
    RectMm([f64; 4]),
}

/// Which of several places with the same words is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// There must be one only.
    #[default]
    Only,
    First,
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverText {
    #[default]
    Never,
    Allowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeStyle {
    /// `24.11.2026 09:15:02 +07:00`, as signing tools in Vietnam print it.
    #[default]
    Vn,
    /// `2026-11-24T09:15:02+07:00`: ISO 8601, extended format.
    Iso,
}

/// Whether the stamp carries the verify address as a QR code, with the look-up code below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Qr {
    #[default]
    Without,
    Inside,
}

impl<'de> Deserialize<'de> for OverText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(if bool::deserialize(deserializer)? {
            OverText::Allowed
        } else {
            OverText::Never
        })
    }
}

impl<'de> Deserialize<'de> for Qr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(if bool::deserialize(deserializer)? {
            Qr::Inside
        } else {
            Qr::Without
        })
    }
}

/// JSON: `"top-right"`, `"signature"`, `{"text":"…","which":"last"}`, `{"field":"…"}`, `{"rect_mm":[l,t,w,h]}`.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Raw {
    Name(String),
    Text {
        text: String,
        #[serde(default)]
        which: Which,
    },
    Field {
        field: String,
    },
    Rect {
        rect_mm: [f64; 4],
    },
}

impl<'de> Deserialize<'de> for Anchor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Anchor, D::Error> {
        let unknown = || {
            serde::de::Error::custom(
                "the anchor is none of \"top-right\", \"signature\", {\"text\":…,\"which\":\"only|first|last\"}, {\"field\":…}, {\"rect_mm\":[left,top,width,height]}",
            )
        };
        match Raw::deserialize(deserializer).map_err(|_| unknown())? {
            Raw::Name(name) if name == "top-right" => Ok(Anchor::TopRight),
            Raw::Name(name) if name == "signature" => Ok(Anchor::Signature),
            Raw::Name(_) => Err(unknown()),
            Raw::Text { text, which } => Ok(Anchor::Text { words: text, which }),
            Raw::Field { field } => Ok(Anchor::Field(field)),
            Raw::Rect { rect_mm } => Ok(Anchor::RectMm(rect_mm)),
        }
    }
}
