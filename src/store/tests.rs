//! The conformance suite, for every engine.

use std::path::PathBuf;

use crate::store::{Settings, SledSettings, Stores, create, suite};

/// A folder that is removed when the test ends.
pub(super) struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let dir = std::env::temp_dir().join(format!("antin-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Scratch(dir)
    }

    pub fn settings(&self) -> Settings {
        Settings::Sled(SledSettings {
            // Small volumes: formatting is quick and the suite crosses their borders.
            volume_slots: 24,
            ..SledSettings::new(&self.0)
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn check_suite(engine: impl Fn(&str) -> (Stores, Option<Scratch>)) {
    for (name, case) in suite::cases() {
        println!("case: {name}");
        let (stores, scratch) = engine(name);
        case(&stores);
        drop(stores);
        drop(scratch);
    }
}

#[test]
fn the_memory_engine_passes_the_suite() {
    check_suite(|_| (create(&Settings::Memory).unwrap(), None));
}

#[test]
fn the_sled_engine_passes_the_suite() {
    check_suite(|name| {
        let scratch = Scratch::new(name);
        (create(&scratch.settings()).unwrap(), Some(scratch))
    });
}
