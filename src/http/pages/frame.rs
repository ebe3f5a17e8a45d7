//! What every page has around its own matter: language, language switch, domain line, mark of a throw-away site.

use crate::i18n::{self, Lang};

/// Content Security Policy of every page (CSP level 3): own files only, no inline script or style, no framing.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Whether what stands here has legal effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    Live,
    /// Throw-away keys: every page says that nothing here has legal value.
    Demo,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub lang: Lang,
    /// Path of this page without a query: where the language switch leads. Never a look-up code that was not found.
    pub path: String,
    /// The host the reader asked for, to be compared with the address printed beside the QR code.
    pub host: String,
    pub site: Site,
}

impl Frame {
    #[must_use]
    pub fn new(lang: Lang, path: impl Into<String>, host: impl Into<String>, site: Site) -> Self {
        Self {
            lang,
            path: path.into(),
            host: host.into(),
            site,
        }
    }

    /// Words of the page's language, for the templates.
    pub(crate) fn t(&self, key: &str) -> &'static str {
        i18n::t(self.lang, key)
    }

    pub(crate) fn other_lang(&self) -> &'static str {
        self.lang.other().as_str()
    }

    /// `?lang=en` on links of an English page; nothing on those of a Vietnamese one, so that printed addresses stay short.
    pub(crate) const fn query(&self) -> &'static str {
        match self.lang {
            Lang::Vi => "",
            Lang::En => "?lang=en",
        }
    }

    pub(crate) fn is_demo(&self) -> bool {
        self.site == Site::Demo
    }
}
