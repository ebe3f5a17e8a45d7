//! From a checked configuration to an open archive.

use std::sync::Arc;

use super::clock;
use crate::archive::{
    Archive, Binding, Bindings, Client, DeskSettings, OpenRefusal, Opening, Person, Role,
    SealSettings, Settings, StampFiles,
};
use crate::config::{self, Config};
use crate::store::Stores;

pub(super) fn settings(config: &Config) -> Settings {
    Settings {
        base_url: config.base_url.clone(),
        log_origin: config.log.origin.clone(),
        log_key_file: config.log.key_file.clone(),
        trust_roots: config.trust_roots.clone(),
        max_file_bytes: config.server.max_file_bytes,
        level: config.level,
    }
}

pub(super) fn open(config: &Config, stores: Stores) -> Result<Arc<Archive>, OpenRefusal> {
    Archive::open(opening(config, stores))
}

/// For a sweep of what `open` refused.
pub(super) fn open_damaged(
    config: &Config,
    stores: Stores,
    refused: &OpenRefusal,
) -> Result<Arc<Archive>, OpenRefusal> {
    Archive::open_damaged(opening(config, stores), refused)
}

fn opening(config: &Config, stores: Stores) -> Opening {
    let seals = config.offices.iter().map(|o| seal(config, o)).collect();
    let clients = config
        .clients
        .iter()
        .filter_map(|c| {
            let role = match (c.role, &c.office) {
                (config::Role::Clerk, Some(office)) => Role::Clerk(office.clone()),
                (config::Role::Clerk, None) => return None,
                (config::Role::Auditor, _) => Role::Auditor,
            };
            Some(Client {
                name: c.name.clone(),
                role,
                key_sha256: c.key_sha256,
            })
        })
        .collect();
    Opening {
        settings: settings(config),
        stores,
        seals,
        clients,
        bindings: bindings(config),
        desk: desk(&config.desk),
        fetch: config.fetch.clone(),
        clock: clock::now,
    }
}

/// An office's key with what is bound.
pub(super) fn seal(config: &Config, office: &config::OfficeKeys) -> SealSettings {
    SealSettings {
        office: office.office.clone(),
        key: office.key.clone(),
        bindings: bindings(config),
        stamp: StampFiles {
            seal_png: office.stamp.seal_png.clone(),
            seal_width_mm: office.stamp.seal_width_mm,
            signature_png: office.stamp.signature_png.clone(),
            signature_width_mm: office.stamp.signature_width_mm,
        },
    }
}

/// Whose certificate is whose.
pub(super) fn bindings(config: &Config) -> Bindings {
    let binding = |s: &config::Signatory| Binding {
        office: s.office.clone(),
        person: s.person.as_ref().map(|p| Person {
            name: p.name.clone(),
            post: p.post.clone(),
        }),
        from: s.from,
        until: s.until,
        certificate_sha256: s.certificate_sha256,
    };
    Bindings(config.signatories.iter().map(binding).collect())
}

fn desk(given: &config::Desk) -> DeskSettings {
    let usual = DeskSettings::default();
    DeskSettings {
        signature_expires_s: given
            .signature_expires_s
            .unwrap_or(usual.signature_expires_s),
        bridge_expires_s: given.bridge_expires_s.unwrap_or(usual.bridge_expires_s),
        batch_expires_s: given.batch_expires_s.unwrap_or(usual.batch_expires_s),
        keep_days: given.keep_days.unwrap_or(usual.keep_days),
        files_max_bytes: given.files_max_bytes.unwrap_or(usual.files_max_bytes),
        batch_workers: given.batch_workers.unwrap_or(usual.batch_workers),
    }
}

/// All mistakes of a configuration, for a person.
pub(super) fn mistakes(list: &[config::Mistake]) -> String {
    let mut text = format!("the configuration has {} mistake(s):", list.len());
    for mistake in list {
        text.push_str(&format!("\n  {mistake}"));
    }
    text
}
