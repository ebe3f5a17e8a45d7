//! The sweep of the archive that was just filled, beside raw SHA-256 and raw reading of as many bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use antin::archive::{
    Archive, Opening, Pass, Progress, SealSettings, Settings, SweepReport, SweepState,
};
use antin::config::{self, Config};
use antin::record::UtcTime;
use antin::store;

use super::client::Client;
use super::machine::{self, drop_caches};
use super::rate::unix_s;
use super::server::{Demo, words};
use super::signing::InProcess;
use super::table::{Table, Target};
use super::{Outcome, Scratch, raw};

/// A sweep while the server runs, through the API; then the server's peak memory.
pub(crate) fn through_server(demo: &Demo, table: &mut Table) -> Outcome<()> {
    let headers = format!("Authorization: Bearer {}\r\n", demo.auditor()?);
    let mut client = Client::connect(demo.address)?;
    let begin = Instant::now();
    let answer = client.send("POST", "/api/v1/sweeps", &headers, &[])?;
    if !(200..300).contains(&answer.status) {
        return Err(format!("a sweep was refused with {}", answer.status).into());
    }
    let mut report: SweepReport = serde_json::from_slice(&answer.body)?;
    while report.state == SweepState::Running {
        std::thread::sleep(Duration::from_millis(20));
        let path = format!("/api/v1/sweeps/{}", report.id);
        report = serde_json::from_slice(&client.send("GET", &path, &headers, &[])?.expect(200)?)?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    clean(&report)?;
    table.row(
        "sweep through the API, files in memory",
        report.bytes as f64 / 1e6 / seconds,
        "MB/s",
    );
    demo.judge_memory(table);
    Ok(())
}

pub(crate) fn measure(
    dir: &Path,
    scratch: &Scratch,
    in_process: &InProcess,
    table: &mut Table,
) -> Outcome<()> {
    let others = machine::Others::watch(&[]);
    let config = config::load(&dir.join("antin.toml")).map_err(|list| format!("{list:?}"))?;
    let cold = if drop_caches() {
        Some(once(&config)?)
    } else {
        None
    };
    // Now in the kernel's memory, as far as that holds.
    once(&config)?;
    let warm = once(&config)?;
    let reading = raw::sequential_read(&scratch.path().join("raw"), warm.bytes)?;
    let on_disk = disk_bytes(&dir.join("archive"))?;
    table.row("archive: results", warm.objects as f64, "");
    table.row("archive: signed files", warm.bytes as f64 / 1e6, "MB");
    table.row(
        "archive: on disk, over signed files",
        on_disk as f64 / warm.bytes.max(1) as f64,
        "x",
    );
    table.row("archive: opening, warm", warm.open_s * 1e3, "ms");
    let cpu_ms = warm.cpu_s * 1e3 / warm.objects.max(1) as f64;
    table.row("sweep's CPU time a result, warm", cpu_ms, "ms");
    table.row("raw sequential read, warm", reading.warm, "MB/s");
    let least = |read: f64| {
        let sha256 = in_process.sha256_all;
        Target::at_least(
            0.6 * read.min(sha256),
            format!("60 % of min(SHA-256 {sha256:.0}, read {read:.0})"),
        )
    };
    if let (Some(read), Some(cold)) = (reading.cold, cold) {
        table.row("archive: opening, cold", cold.open_s * 1e3, "ms");
        table.row("raw sequential read, cold", read, "MB/s");
        table.judged("sweep, cold", cold.per_s(), "MB/s", least(read));
    } else {
        table.note("cold figures are missing: only root can drop the kernel's caches");
    }
    table.judged("sweep, warm", warm.per_s(), "MB/s", least(reading.warm));
    table.others("sweep", others.share());
    Ok(())
}

struct Swept {
    objects: u64,
    bytes: u64,
    open_s: f64,
    seconds: f64,
    cpu_s: f64,
}

impl Swept {
    fn per_s(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds
    }
}

/// Opens the archive as `antin sweep` does, sweeps it, closes it.
fn once(config: &Config) -> Outcome<Swept> {
    let begin = Instant::now();
    let archive = open(config)?;
    let open_s = begin.elapsed().as_secs_f64();
    let (begin, cpu_s) = (Instant::now(), machine::cpu_s(std::process::id()));
    let report = archive
        .sweep(&Pass::of_the_operator(), &Progress::default())
        .map_err(words)?;
    let seconds = begin.elapsed().as_secs_f64();
    let cpu_s = machine::cpu_s(std::process::id()) - cpu_s;
    archive.close().map_err(words)?;
    clean(&report)?;
    Ok(Swept {
        objects: report.objects,
        bytes: report.bytes,
        open_s,
        seconds,
        cpu_s,
    })
}

fn clean(report: &SweepReport) -> Outcome<()> {
    if report.state == SweepState::Done && report.findings.is_empty() {
        return Ok(());
    }
    let first = report.findings.first();
    Err(format!(
        "the sweep is not clean: {:?}, {} findings, first {first:?}",
        report.state,
        report.findings.len()
    )
    .into())
}

fn open(config: &Config) -> Outcome<std::sync::Arc<Archive>> {
    let stores = store::open(&config.store).map_err(words)?;
    let seals = config
        .offices
        .iter()
        .map(|o| SealSettings {
            office: o.office.clone(),
            key: o.key.clone(),
            bindings: antin::archive::Bindings::default(),
            stamp: antin::archive::StampFiles::default(),
        })
        .collect();
    Archive::open(Opening {
        settings: Settings {
            base_url: config.base_url.clone(),
            log_origin: config.log.origin.clone(),
            log_key_file: config.log.key_file.clone(),
            trust_roots: config.trust_roots.clone(),
            max_file_bytes: config.server.max_file_bytes,
            level: config.level,
        },
        stores,
        seals,
        clients: Vec::new(),
        bindings: Default::default(),
        desk: Default::default(),
        fetch: config.fetch.clone(),
        clock: || UtcTime::from_unix_s(unix_s()).unwrap_or(UtcTime::EPOCH),
    })
    .map_err(|refusal| refusal.to_string().into())
}

/// What a folder takes on the disk: blocks, not lengths (files may have holes).
fn disk_bytes(dir: &Path) -> Outcome<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        // stat(2): st_blocks counts units of 512 bytes.
        bytes += if meta.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            meta.blocks() * 512
        };
    }
    Ok(bytes)
}
