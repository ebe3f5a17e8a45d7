//! The first page: what this is, and its two entries, a look-up code or a file.

use askama::Template;

use super::frame::Frame;

/// Why the look-up form is shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HomeProblem {
    CodeMissing,
    /// What was typed cannot be a look-up code; it is shown again so that it can be mended.
    CodeMalformed {
        typed: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    pub frame: Frame,
    pub problem: Option<HomeProblem>,
}

impl HomePage {
    /// # Errors
    /// Only where the formatter itself fails.
    pub fn render(&self) -> Result<String, askama::Error> {
        Template::render(self)
    }

    fn problem_words(&self) -> Option<&'static str> {
        self.problem.as_ref().map(|problem| match problem {
            HomeProblem::CodeMissing => self.frame.t("home.code.missing"),
            HomeProblem::CodeMalformed { .. } => self.frame.t("home.code.malformed"),
        })
    }

    fn typed(&self) -> &str {
        match &self.problem {
            Some(HomeProblem::CodeMalformed { typed }) => typed,
            Some(HomeProblem::CodeMissing) | None => "",
        }
    }
}
