//! Where keys, authorities and roots come from: a configuration, or a folder that holds one (a demo's, say).

use std::path::{Path, PathBuf};

use super::NotMade;
use super::files::certificates;
use crate::archive::{Room, Workshop};
use crate::cli::{assemble, clock};
use crate::config::{self, Config};
use crate::fetch::{Fetcher, RevocationSource, Settings};
use crate::pdf::Limits;
use crate::trust::{Anchors, Memory};

/// The configuration that a command was pointed at.
#[derive(Debug)]
pub(in crate::cli) struct Place {
    pub config: Config,
    pub file: PathBuf,
    /// Given with `--dir`: a demo's authorities answer only while it runs.
    dir: Option<PathBuf>,
}

impl Place {
    /// # Errors
    /// Every mistake of the configuration.
    pub fn open(config: Option<&Path>, dir: Option<&Path>) -> Result<Option<Self>, NotMade> {
        let file = match (config, dir) {
            (Some(file), _) => file.to_owned(),
            (None, Some(dir)) => dir.join("antin.toml"),
            (None, None) => return Ok(None),
        };
        let config =
            config::load(&file).map_err(|list| NotMade::plain(assemble::mistakes(&list)))?;
        Ok(Some(Self {
            config,
            file,
            dir: dir.map(Path::to_owned),
        }))
    }

    /// Without the cache on disk: that is the server's, which may run beside.
    pub fn fetch(&self) -> Settings {
        Settings {
            cache: None,
            ..self.config.fetch.clone()
        }
    }

    /// What starts the demo whose authorities were asked, where it is one.
    pub fn demo(&self) -> Option<String> {
        let dir = self.dir.as_ref()?;
        dir.join("demo.json")
            .is_file()
            .then(|| format!("antin demo --dir {}", dir.display()))
    }
}

/// Roots and connections, for the time of one command.
#[derive(Debug)]
pub(in crate::cli) struct Trusted {
    anchors: Anchors,
    memory: Memory,
    fetcher: Fetcher,
    source: RevocationSource,
    limits: Limits,
}

impl Trusted {
    /// `roots` stand beside those of the configuration.
    ///
    /// # Errors
    /// A file with roots can't be read.
    pub fn new(place: Option<&Place>, roots: &[PathBuf], fetch: Settings) -> Result<Self, NotMade> {
        let mut all = Vec::new();
        if let Some(place) = place {
            all.extend(certificates(&place.config.trust_roots)?);
        }
        all.extend(certificates(roots)?);
        let max_file_bytes =
            place.map_or(config::MAX_FILE_BYTES, |p| p.config.server.max_file_bytes);
        Ok(Self {
            anchors: Anchors::new(all),
            memory: Memory::new(),
            fetcher: Fetcher::new(&fetch),
            source: RevocationSource::default(),
            limits: Limits {
                max_file_bytes,
                ..Limits::default()
            },
        })
    }

    pub const fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub const fn max_file_bytes(&self) -> u64 {
        self.limits.max_file_bytes
    }

    pub fn workshop(&self) -> Workshop<'_> {
        Workshop {
            fetcher: &self.fetcher,
            source: &self.source,
            memory: &self.memory,
            anchors: &self.anchors,
            limits: self.limits.clone(),
            clock: clock::now,
            room: Room::default(),
        }
    }
}
