//! The one error for what should have worked: disk, network, a bug of ours.
//!
//! # Invariants
//! * `Display` says what was being done and nothing of a document's content; the cause is reached
//!   through `source`, and `chain` shows all of it on one line for the log.
//!
//! # What is not here
//! Verdicts on documents (values of a report) and refusals that the caller can act on (enums of verbs).

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

#[derive(Debug)]
pub struct Fault {
    doing: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// `doing` completes "failed while …": "writing tile tile/0/000".
    pub fn new(
        doing: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Fault {
            doing: doing.into(),
            source: Some(source.into()),
        }
    }

    /// A fault that has no deeper cause.
    pub fn plain(doing: impl Into<Cow<'static, str>>) -> Self {
        Fault {
            doing: doing.into(),
            source: None,
        }
    }

    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// This fault and all its causes, outermost first, separated by ": ".
    pub fn chain(&self) -> impl fmt::Display + '_ {
        Chain(self)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

struct Chain<'a>(&'a Fault);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}
