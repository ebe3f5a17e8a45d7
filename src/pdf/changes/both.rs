//! One role in two revisions: what it leads to in the signed one and what it leads to now.

use super::rules::Case;
use crate::pdf::document::Followed;
use crate::pdf::object::{Dict, Item};
use crate::pdf::refusal::Refusal;

static NOTHING: Dict<'static> = Dict {
    entries: Vec::new(),
    duplicate: None,
};

/// The value of one role, references followed.
pub(super) struct Both<'i, 'x> {
    old: Option<Followed<'i, 'x>>,
    new: Option<Followed<'i, 'x>>,
}

impl<'x> Case<'x> {
    pub(super) fn both<'i>(
        &self,
        old: Option<&'i Item<'x>>,
        new: Option<&'i Item<'x>>,
    ) -> Result<Both<'i, 'x>, Refusal> {
        Ok(Both {
            old: old.map(|item| self.old.follow(item)).transpose()?,
            new: new.map(|item| self.new.follow(item)).transpose()?,
        })
    }
}

impl<'x> Both<'_, 'x> {
    /// What was there; an empty dictionary where there was none.
    pub fn dict_before(&self) -> &Dict<'x> {
        let dict = self.old.as_ref().and_then(Followed::dict);
        dict.unwrap_or(&NOTHING)
    }

    /// None where it is no dictionary, or one with a key twice.
    pub fn dict_after(&self) -> Option<&Dict<'x>> {
        let dict = self.new.as_ref().and_then(Followed::dict);
        dict.filter(|dict| dict.duplicate.is_none())
    }

    /// Whether there is a value at all now.
    pub fn has_value_after(&self) -> bool {
        self.new.as_ref().and_then(Followed::value).is_some()
    }

    /// Both lists; an empty one where there is none.
    pub fn arrays(&self) -> (&[Item<'x>], &[Item<'x>]) {
        (
            self.old
                .as_ref()
                .and_then(Followed::array)
                .unwrap_or_default(),
            self.new
                .as_ref()
                .and_then(Followed::array)
                .unwrap_or_default(),
        )
    }
}
