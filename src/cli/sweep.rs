//! `antin sweep`: exit 0 clean, 1 findings, 3 could not look.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{assemble, could_not};
use crate::archive::{Pass, Progress, SweepReport, SweepState};
use crate::config;
use crate::store;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["config", "dir"])))]
pub(super) struct Sweep {
    /// The configuration file of the archive
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder with an `antin.toml` (a demo's, say)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// File with an auditor's API key: where a server holds the archive, ask it
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

impl Sweep {
    pub fn run(self) -> u8 {
        let file = match (&self.config, &self.dir) {
            (Some(file), _) => file.clone(),
            (None, Some(dir)) => dir.join("antin.toml"),
            (None, None) => return could_not("give --config FILE or --dir DIR"),
        };
        match self.sweep(&file) {
            Ok(report) => self.conclude(&report),
            Err(message) => could_not(message),
        }
    }

    fn conclude(&self, report: &SweepReport) -> u8 {
        if self.json {
            match serde_json::to_string_pretty(report) {
                Ok(text) => say!("{text}"),
                Err(error) => return could_not(error),
            }
        } else {
            show(report);
        }
        match report.state {
            SweepState::Done if report.findings.is_empty() => 0,
            _ if !report.findings.is_empty() => 1,
            SweepState::Done | SweepState::Running | SweepState::Failed => super::COULD_NOT,
        }
    }

    fn sweep(&self, file: &Path) -> Result<SweepReport, String> {
        let config = config::load(file).map_err(|list| assemble::mistakes(&list))?;
        let stores = match store::open(&config.store) {
            Ok(stores) => stores,
            Err(fault) if matches!(store::cause(&fault), Some(store::Cause::Locked { .. })) => {
                return self.ask_server(file, config.server.listen);
            }
            Err(fault) if matches!(store::cause(&fault), Some(store::Cause::Damaged { .. })) => {
                return Ok(SweepReport::of_damaged_store(
                    fault.chain().to_string(),
                    super::clock::now(),
                ));
            }
            Err(fault) => return Err(fault.chain().to_string()),
        };
        // A damaged archive is looked at all the same: that is what a sweep is for.
        let archive = match assemble::open(&config, stores.clone()) {
            Ok(archive) => archive,
            Err(refusal) => {
                eprintln!("antin: {refusal}");
                assemble::open_damaged(&config, stores, &refusal)
                    .map_err(|refusal| refusal.to_string())?
            }
        };
        let progress = Arc::new(Progress::default());
        let watched = Watch::begin(&progress);
        let report = archive.sweep(&Pass::of_the_operator(), &progress);
        watched.end();
        let closed = archive.close();
        let report = report.map_err(|f| f.chain().to_string())?;
        closed.map_err(|f| f.chain().to_string())?;
        Ok(report)
    }

    /// A server holds the archive: start the sweep there and wait.
    ///
    /// Its listener is asked, not its public address: the auditor's key must pass through no proxy.
    fn ask_server(&self, file: &Path, listen: SocketAddr) -> Result<SweepReport, String> {
        if listen.port() == 0 {
            return Err("a server has this archive open, on a port that it chose itself (server.listen has port 0); stop it and sweep again".into());
        }
        let server = format!("http://{}", reachable(listen));
        let key = self.api_key(file)?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let authorization = format!("Bearer {key}");
        let ask = |outcome: Result<ureq::http::Response<ureq::Body>, ureq::Error>| -> Result<SweepReport, String> {
            let mut response = outcome.map_err(|e| format!("asking {server}: {e}"))?;
            let text = response.body_mut().read_to_string().map_err(|e| format!("asking {server}: {e}"))?;
            serde_json::from_str(&text).map_err(|_| format!("{server} answered with status {}: {text}", response.status()))
        };
        eprintln!("a server has this archive open; sweeping through {server}");
        let mut report = ask(agent
            .post(format!("{server}/api/v1/sweeps"))
            .header("authorization", &authorization)
            .send_empty())?;
        while report.state == SweepState::Running {
            std::thread::sleep(Duration::from_millis(200));
            let url = format!("{server}/api/v1/sweeps/{}", report.id);
            report = ask(agent
                .get(url)
                .header("authorization", &authorization)
                .call())?;
        }
        Ok(report)
    }

    fn api_key(&self, file: &Path) -> Result<String, String> {
        if let Some(key_file) = &self.api_key_file {
            let text = std::fs::read_to_string(key_file)
                .map_err(|e| format!("{}: {e}", key_file.display()))?;
            return Ok(text.trim().to_owned());
        }
        // A demo's keys lie beside its configuration.
        let demo = file.with_file_name("demo.json");
        std::fs::read_to_string(demo)
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
            .and_then(|value| value.get("auditor")?.get("api_key")?.as_str().map(str::to_owned))
            .ok_or_else(|| {
                "a server has this archive open; give --api-key-file FILE with an auditor's key, or stop the server".to_owned()
            })
    }
}

/// Where a listener is reached from this machine: one on every address, by the loopback of its family.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// A progress bar on a terminal; indicatif draws nothing elsewhere.
struct Watch {
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    fn begin(progress: &Arc<Progress>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (progress, ended) = (Arc::clone(progress), Arc::clone(&done));
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(move || {
                let bar = ProgressBar::new(0);
                if let Ok(style) =
                    ProgressStyle::with_template("{bar:40} {pos}/{len} results  {msg}  ETA {eta}")
                {
                    bar.set_style(style);
                }
                while !ended.load(Ordering::Relaxed) {
                    bar.set_length(progress.total.load(Ordering::Relaxed));
                    bar.set_position(progress.objects.load(Ordering::Relaxed));
                    bar.set_message(format!(
                        "{} MB",
                        progress.bytes.load(Ordering::Relaxed) / 1_000_000
                    ));
                    std::thread::sleep(Duration::from_millis(100));
                }
                bar.finish_and_clear();
            });
        Self {
            done,
            thread: thread.ok(),
        }
    }

    fn end(mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn show(report: &SweepReport) {
    match report.state {
        SweepState::Failed => say!(
            "the sweep failed: {}",
            report.failure.as_deref().unwrap_or("no reason known")
        ),
        _ if report.findings.is_empty() => say!("clean"),
        _ => say!("{} finding(s)", report.findings.len()),
    }
    say!(
        "sweep {}: {} results, {} bytes, {} orphans",
        report.id,
        report.objects,
        report.bytes,
        report.orphans
    );
    for finding in &report.findings {
        let leaf = finding.leaf.map_or("-".to_owned(), |l| l.to_string());
        say!("  leaf {leaf}  {:?}  {}", finding.kind, finding.detail);
    }
}
