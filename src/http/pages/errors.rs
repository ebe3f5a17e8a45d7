//! Pages for what is not there and for what went wrong.

use askama::Template;

use super::frame::Frame;
use crate::i18n::ProblemWords;

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No result under this code, or none that may be shown: one page for both.
    Record,
    Page,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFoundPage {
    pub frame: Frame,
    pub kind: Missing,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFoundTemplate<'a> {
    frame: &'a Frame,
    is_record: bool,
    title: &'static str,
    detail: &'static str,
}

impl NotFoundPage {
    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        let (title, detail) = match self.kind {
            Missing::Record => ("missing.record.title", "missing.record.detail"),
            Missing::Page => ("missing.page.title", "missing.page.detail"),
        };
        // The switch leads home: the address asked for must not be echoed, or two codes would give two pages.
        let mut frame = self.frame.clone();
        "/".clone_into(&mut frame.path);
        NotFoundTemplate {
            title: frame.t(title),
            detail: frame.t(detail),
            is_record: self.kind == Missing::Record,
            frame: &frame,
        }
        .render()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub frame: Frame,
    pub status: u16,
    pub words: ProblemWords,
    /// Under which the log holds the whole story.
    pub request_id: String,
}

impl ErrorPage {
    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }
}
