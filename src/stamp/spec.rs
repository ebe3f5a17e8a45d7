//! The command line's short form of a request: `FORM[,OPTION…][@ANCHOR]`.
//!
//! `copy:sao-y@top-right`, `agency@text:Nguyễn Văn A`, `info,page=3,iso,qr@rect:120,20,60,15`. The anchor stands last and
//! is taken as it is, so that a name may hold any character.

use super::request::{Anchor, Form, OverText, Qr, Request, TimeStyle, Which};
use std::fmt;
use std::str::FromStr;

/// What is wrong with the text, and what could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpecProblem {
    NoForm { given: String },
    NoOption { given: String },
    NoAnchor { given: String },
    NoPage { given: String },
    NoRect { given: String },
    Empty { what: &'static str },
}

const ANCHORS: &str = "top-right, signature, text:WORDS, first-text:WORDS, last-text:WORDS, field:NAME, rect:LEFT,TOP,WIDTH,HEIGHT (mm from the upper left corner)";

impl fmt::Display for SpecProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpecProblem::NoForm { given } => {
                let known = Form::ALL.map(Form::as_str).join(", ");
                write!(f, "there is no form {given:?}; choose one of {known}")
            }
            SpecProblem::NoOption { given } => write!(
                f,
                "there is no option {given:?}; choose from over-text, iso, qr, page=N"
            ),
            SpecProblem::NoAnchor { given } => {
                write!(f, "there is no place {given:?}; choose one of {ANCHORS}")
            }
            SpecProblem::NoPage { given } => {
                write!(
                    f,
                    "page={given}: a page number counts from 1, for example page=2"
                )
            }
            SpecProblem::NoRect { given } => write!(
                f,
                "rect:{given}: four numbers in millimetres are needed, for example rect:120,20,60,15"
            ),
            SpecProblem::Empty { what } => write!(f, "nothing stands behind {what}"),
        }
    }
}

impl std::error::Error for SpecProblem {}

impl FromStr for Request {
    type Err = SpecProblem;

    fn from_str(spec: &str) -> Result<Request, SpecProblem> {
        let (front, anchor) = match spec.split_once('@') {
            Some((front, anchor)) => (front, Some(anchor_of(anchor)?)),
            None => (spec, None),
        };
        let mut parts = front.split(',').map(str::trim);
        let given = parts.next().unwrap_or_default();
        let form = Form::find(given).ok_or_else(|| SpecProblem::NoForm {
            given: given.to_owned(),
        })?;
        let mut request = Request {
            form,
            anchor,
            page: None,
            over_text: OverText::Never,
            time: TimeStyle::Vn,
            qr: Qr::Without,
        };
        for option in parts {
            match option {
                "over-text" => request.over_text = OverText::Allowed,
                "iso" => request.time = TimeStyle::Iso,
                "qr" => request.qr = Qr::Inside,
                _ => request.page = Some(page_of(option)?),
            }
        }
        Ok(request)
    }
}

fn page_of(option: &str) -> Result<u32, SpecProblem> {
    let given = option
        .strip_prefix("page=")
        .ok_or_else(|| SpecProblem::NoOption {
            given: option.to_owned(),
        })?;
    given
        .parse()
        .ok()
        .filter(|page| *page > 0)
        .ok_or_else(|| SpecProblem::NoPage {
            given: given.to_owned(),
        })
}

fn anchor_of(given: &str) -> Result<Anchor, SpecProblem> {
    match given {
        "top-right" => return Ok(Anchor::TopRight),
        "signature" => return Ok(Anchor::Signature),
        _ => {}
    }
    let no_anchor = || SpecProblem::NoAnchor {
        given: given.to_owned(),
    };
    let (kind, value) = given.split_once(':').ok_or_else(no_anchor)?;
    let text = |which, what| {
        if value.trim().is_empty() {
            return Err(SpecProblem::Empty { what });
        }
        Ok(Anchor::Text {
            words: value.to_owned(),
            which,
        })
    };
    match kind {
        "text" => text(Which::Only, "text:"),
        "first-text" => text(Which::First, "first-text:"),
        "last-text" => text(Which::Last, "last-text:"),
        "field" if value.is_empty() => Err(SpecProblem::Empty { what: "field:" }),
        "field" => Ok(Anchor::Field(value.to_owned())),
        "rect" => rect_of(value),
        _ => Err(no_anchor()),
    }
}

fn rect_of(given: &str) -> Result<Anchor, SpecProblem> {
    let wrong = || SpecProblem::NoRect {
        given: given.to_owned(),
    };
    let numbers: Vec<f64> = given
        .split(',')
        .map(|number| number.trim().parse().map_err(|_| wrong()))
        .collect::<Result<_, _>>()?;
    let numbers: [f64; 4] = numbers.try_into().map_err(|_| wrong())?;
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(Anchor::RectMm(numbers))
    } else {
        Err(wrong())
    }
}
