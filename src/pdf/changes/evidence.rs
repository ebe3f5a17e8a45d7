//! What may differ between a signed revision and the file: the document security store.
//!
//! ETSI EN 319 142-1 5.4.2; ISO 32000-2 12.8.4.3.
//!
//! # Invariants
//! * The store only grows: references that were there stay there.

use super::ChangeKind;
use super::compare::differing_keys;
use super::rules::Case;
use crate::pdf::object::{Dict, Item, Value};
use crate::pdf::refusal::Refusal;
use std::collections::BTreeSet;

/// Signatures with validation information of their own; looked up pairwise.
const MAX_KEYS: usize = 2_000;

impl<'x> Case<'x> {
    /// ETSI EN 319 142-1 5.4.2: a security store grows, it never loses evidence.
    pub(super) fn security_store(
        &mut self,
        old: Option<&Item<'x>>,
        new: Option<&Item<'x>>,
    ) -> Result<(), Refusal> {
        let touched =
            |item: Option<&Item<'x>>| item.is_some_and(|item| !matches!(item.value, Value::Null));
        if !touched(old) && !touched(new) {
            return Ok(());
        }
        let before_findings = self.findings.changes.len();
        let both = self.both(old, new)?;
        let before = both.dict_before();
        let Some(after) = both.dict_after() else {
            self.findings.add(
                ChangeKind::Structure,
                None,
                "the security store is not a dictionary",
            );
            return Ok(());
        };
        let mut grown = self.accept(old, new);
        for key in differing_keys(before, after) {
            grown = true;
            if !matches!(key.as_str(), "Type" | "Certs" | "OCSPs" | "CRLs" | "VRI") {
                self.findings.add(
                    ChangeKind::Structure,
                    None,
                    format!("security store: /{key}"),
                );
            }
        }
        for key in ["Certs", "OCSPs", "CRLs"] {
            grown |= self.grown_list(before.item(key), after.item(key))?;
        }
        grown |= self.validation_information(before.item("VRI"), after.item("VRI"))?;
        if grown && self.findings.changes.len() == before_findings {
            let at = new.and_then(|item| item.value.reference());
            self.findings.add(
                ChangeKind::SecurityStore,
                at,
                "certificates or revocation data added",
            );
        }
        Ok(())
    }

    /// Every reference that was there still is. Says whether anything was written again.
    fn grown_list(
        &mut self,
        old: Option<&Item<'x>>,
        new: Option<&Item<'x>>,
    ) -> Result<bool, Refusal> {
        let both = self.both(old, new)?;
        let (before, after) = both.arrays();
        let mut kept = after
            .iter()
            .filter_map(|item| item.value.reference())
            .collect::<BTreeSet<_>>();
        let lost = before
            .iter()
            .filter_map(|item| item.value.reference())
            .any(|id| !kept.remove(&id));
        let odd = after.iter().any(|item| item.value.reference().is_none());
        if lost || odd {
            self.findings.add(
                ChangeKind::Structure,
                None,
                "the security store lost or bent an entry",
            );
        }
        Ok(self.accept(old, new))
    }

    /// EN 319 142-1 5.4.2.3.
    fn validation_information(
        &mut self,
        old: Option<&Item<'x>>,
        new: Option<&Item<'x>>,
    ) -> Result<bool, Refusal> {
        let none = Dict::default();
        let both = self.both(old, new)?;
        let before = both.dict_before();
        let after = both.dict_after().unwrap_or(&none);
        let mut grown = self.accept(old, new);
        if before.entries.len() > MAX_KEYS || after.entries.len() > MAX_KEYS {
            return Err(Refusal::OverBudget {
                what: "entries of the security store",
            });
        }
        let names: Vec<String> = before.entries.iter().map(|(key, _)| key.shown()).collect();
        for name in names {
            let (old, new) = (before.item(&name), after.item(&name));
            let both = self.both(old, new)?;
            let was = both.dict_before();
            let Some(is) = both.dict_after() else {
                if old.is_some_and(|item| !matches!(item.value, Value::Null)) {
                    self.findings.add(
                        ChangeKind::Structure,
                        None,
                        "the security store lost an entry",
                    );
                }
                continue;
            };
            for key in ["Cert", "OCSP", "CRL"] {
                grown |= self.grown_list(was.item(key), is.item(key))?;
            }
            grown |= self.accept(old, new);
        }
        Ok(grown)
    }
}
