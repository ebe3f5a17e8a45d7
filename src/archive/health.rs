//! Readiness: what must work for the next result to be taken, tried for real.

use std::sync::PoisonError;

use super::log::published;
use super::open::{Archive, nonce};

/// One readiness check and how it came out.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Health {
    pub check: String,
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Archive {
    /// What `/readyz` says: a real signature with every key, a durable write, and the log's head.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let mut list = Vec::new();
        for seal in self.seals.values() {
            let signed = nonce()
                .and_then(|n| seal.test_sign(n))
                .map_err(|f| f.chain().to_string());
            let usable = signed.and_then(|()| {
                seal.usable_at(self.now(), &self.anchors, &self.memory)
                    .map_err(|why| why.to_string())
            });
            list.push(health(
                format!("signing_key:{}", seal.office().code),
                usable,
            ));
        }
        let write = self
            .stores
            .ledger
            .test_write()
            .map_err(|f| f.chain().to_string());
        list.push(health("durable_write".into(), write));
        let alive = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|t| !t.is_finished());
        list.push(health(
            "sequencer".into(),
            if alive {
                Ok(())
            } else {
                Err("stopped after a fault; restart".into())
            },
        ));
        let head = published(self.stores.tree.as_ref(), &self.log_key)
            .map_err(|f| f.chain().to_string())
            .and_then(|head| match head {
                // Published after the ledger decided: read in this order, the ledger is never behind.
                Some(head) if self.ledger_size().is_some_and(|size| head.size() <= size) => Ok(()),
                _ => Err("the published checkpoint does not fit the ledger".to_owned()),
            });
        list.push(health("log_head".into(), head));
        list
    }
}

impl Archive {
    /// How the time-stamping authorities have been answering; nothing is asked.
    #[must_use]
    pub fn tsa_health(&self) -> Vec<crate::fetch::TsaHealth> {
        self.fetcher.tsa_health()
    }

    fn ledger_size(&self) -> Option<u64> {
        let state = self.stores.ledger.tree().ok()??;
        Some(state.size)
    }
}

fn health(check: String, outcome: Result<(), String>) -> Health {
    Health {
        check,
        ok: outcome.is_ok(),
        detail: outcome.err(),
    }
}
