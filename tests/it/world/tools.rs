//! Programs that nobody here wrote and that a machine may lack.

use std::path::PathBuf;
use std::process::Command;

/// Says loudly that a test did not run, and why; where everything is required, that is a failure.
#[track_caller]
pub fn skip(why: &str) {
    assert!(
        std::env::var("ANTIN_TEST_REQUIRE").as_deref() != Ok("1"),
        "required, but {why}"
    );
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    // Not `eprintln!`: the test harness keeps that back from a test that passes.
    use std::io::Write as _;
    drop(writeln!(std::io::stderr(), "SKIPPED {test} ({why})"));
}

/// The interpreter with pyHanko, from `ANTIN_TEST_PYTHON`, else the system's.
pub fn python(module: &str) -> Result<String, String> {
    let python = std::env::var("ANTIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    match found {
        Ok(output) if output.status.success() => Ok(python),
        Ok(_) => Err(format!(
            "{python} has no module {module}; set ANTIN_TEST_PYTHON"
        )),
        Err(e) => Err(format!("{python}: {e}")),
    }
}

pub fn program(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = [
        PathBuf::from("/usr/sbin"),
        PathBuf::from("/usr/lib/chromium"),
    ];
    std::env::split_paths(&path)
        .chain(beside)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| format!("{name} is not on this machine"))
}

pub fn in_project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
