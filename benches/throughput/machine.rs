//! The machine, and how much of it other programs take while something is measured.

use std::fs;

use super::rate::cores;
use super::table::Table;

/// Linux counts CPU time in hundredths of a second towards programs (USER_HZ, proc(5)).
const TICKS_PER_S: f64 = 100.0;

pub(crate) fn describe(table: &mut Table) {
    let model = line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into());
    let memory = line_of("/proc/meminfo", "MemTotal")
        .and_then(|t| {
            t.split_whitespace()
                .next()
                .and_then(|n| n.parse::<f64>().ok())
        })
        .unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    table.machine("CPU", model);
    table.machine("cores", cores().to_string());
    table.machine("memory", format!("{:.1} GB", memory / 1e6));
    table.machine("kernel", kernel.trim().to_owned());
    table.machine("OpenSSL", openssl::version::version().to_owned());
}

fn line_of(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|l| l.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// CPU time of one process so far, in seconds: user and system (proc(5), fields 14 and 15).
pub(crate) fn cpu_s(pid: u32) -> f64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0.0;
    };
    // The name in brackets may hold anything; the fields after it may not.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<f64> = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse().ok())
        .collect();
    fields.iter().sum::<f64>() / TICKS_PER_S
}

/// The most memory a process ever held, in MB.
pub(crate) fn peak_mb(pid: u32) -> f64 {
    line_of(&format!("/proc/{pid}/status"), "VmHWM")
        .and_then(|t| {
            t.split_whitespace()
                .next()
                .and_then(|n| n.parse::<f64>().ok())
        })
        .map_or(0.0, |kb| kb * 1024.0 / 1e6)
}

/// Watches how much of the machine is taken by processes other than the ones measured.
pub(crate) struct Others {
    ours: Vec<u32>,
    busy_s: f64,
    all_s: f64,
    ours_s: f64,
}

impl Others {
    pub fn watch(ours: &[u32]) -> Self {
        let (busy_s, all_s) = whole();
        let ours: Vec<u32> = ours.iter().copied().chain([std::process::id()]).collect();
        Self {
            ours_s: ours.iter().map(|pid| cpu_s(*pid)).sum(),
            ours,
            busy_s,
            all_s,
        }
    }

    /// Their share of all cores since `watch`, 0 to 1.
    pub fn share(&self) -> f64 {
        let (busy_s, all_s) = whole();
        let ours_s: f64 = self.ours.iter().map(|pid| cpu_s(*pid)).sum();
        let taken = (busy_s - self.busy_s) - (ours_s - self.ours_s);
        (taken / (all_s - self.all_s).max(0.01)).clamp(0.0, 1.0)
    }
}

/// CPU time of the whole machine, in seconds: busy, and busy with idle.
fn whole() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let fields: Vec<f64> = first
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|f| f.parse().ok())
        .collect();
    let all: f64 = fields.iter().sum();
    // Fields 4 and 5 are idle and waiting for input or output.
    let idle: f64 = fields.iter().skip(3).take(2).sum();
    ((all - idle) / TICKS_PER_S, all / TICKS_PER_S)
}

/// Forgets what the kernel has read, where we may. `false`: not root, files stay in memory.
pub(crate) fn drop_caches() -> bool {
    let _ = std::process::Command::new("sync").status();
    fs::write("/proc/sys/vm/drop_caches", b"3").is_ok()
}
