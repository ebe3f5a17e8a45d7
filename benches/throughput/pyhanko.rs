//! pyHanko on the same file: signs and verdicts for each second of CPU time, ours beside them.
//!
//! `tests/tools/pyhanko_rates.py` measures it, as a library, with its defaults, keys loaded once. Not like for like: pyHanko's
//! verdict compares revisions in another depth and takes no time-stamp here.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::signing::InProcess;
use super::table::Table;
use super::{Outcome, Plan};

pub(crate) fn measure(
    pdf: &Path,
    in_process: &InProcess,
    plan: Plan,
    table: &mut Table,
) -> Outcome<()> {
    let Some(python) = std::env::var_os("ANTIN_TEST_PYTHON") else {
        table.note("SKIPPED: pyHanko's figures. Set ANTIN_TEST_PYTHON to a Python that has pyHanko (tests/run makes one)");
        return Ok(());
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/pyhanko_rates.py");
    let output = Command::new(python)
        .arg(script)
        .arg(pdf)
        .args(["--seconds", &plan.pyhanko_s.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(format!(
            "pyhanko_rates.py: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let version = figures["pyhanko"].as_str().unwrap_or("?");
    for (name, key, ours) in [
        ("RSA-3072", "rsa3072", in_process.rsa),
        ("P-256", "p256", in_process.p256),
    ] {
        let signs = figures[key]["signs_per_cpu_s"]
            .as_f64()
            .ok_or("pyhanko_rates.py gave no rate")?;
        let verdicts = figures[key]["verdicts_per_cpu_s"]
            .as_f64()
            .ok_or("pyhanko_rates.py gave no rate")?;
        table.row(
            &format!("pyHanko {version} {name} signs"),
            signs,
            "files/CPU-s",
        );
        table.row(
            &format!("  ours over pyHanko's, {name} signs"),
            ours.pades_core / signs,
            "x",
        );
        table.row(
            &format!("pyHanko {version} {name} verdicts"),
            verdicts,
            "files/CPU-s",
        );
    }
    Ok(())
}
