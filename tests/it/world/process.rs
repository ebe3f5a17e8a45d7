//! The program as a child process: a server that runs, or a command that ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::wait;

pub const ANTIN: &str = env!("CARGO_BIN_EXE_antin");

/// A server started by this test; dropping it ends it.
pub struct Server {
    child: Child,
    output: PathBuf,
}

impl Server {
    /// Output of both kinds is appended to the file `output`.
    pub fn start(args: &[&str], env: &[(&str, &str)], output: &Path) -> Self {
        let file = File::options()
            .create(true)
            .append(true)
            .open(output)
            .unwrap();
        let mut command = Command::new(ANTIN);
        command.args(args).stdin(Stdio::null());
        command.stdout(file.try_clone().unwrap()).stderr(file);
        command.env("NO_COLOR", "1").envs(env.iter().copied());
        let child = command.spawn().unwrap_or_else(|e| panic!("{ANTIN}: {e}"));
        Server {
            child,
            output: output.to_owned(),
        }
    }

    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGTERM, as a service manager sends it.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// SIGKILL: what a power cut is to a process.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    #[track_caller]
    pub fn wait_for_exit(&mut self, limit_s: u64) -> ExitStatus {
        let exited = std::panic::Location::caller();
        wait::until(&format!("exit of the server ({exited})"), limit_s, || {
            self.exited()
        })
    }

    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.output).unwrap_or_default()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("---- the server said ----\n{}\n----", tail(&self.said()));
        }
    }
}

/// The last lines are the ones that tell; a log of a burst is long.
fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(8_000);
    text.get(text.ceil_char_boundary(start)..).unwrap_or(text)
}

/// What a command that ended has left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("no JSON on the output ({e}): {self:?}"))
    }

    /// Both outputs, for looking for words.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs a program to its end. A command that hangs fails the test instead of stopping it for ever.
#[track_caller]
pub fn run(program: &str, args: &[&str]) -> Ended {
    run_in(program, args, &[], None)
}

#[track_caller]
pub fn antin(args: &[&str]) -> Ended {
    run_in(ANTIN, args, &[("NO_COLOR", "1")], None)
}

#[track_caller]
pub fn run_in(program: &str, args: &[&str], env: &[(&str, &str)], dir: Option<&Path>) -> Ended {
    let mut command = Command::new(program);
    command
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(dir) = dir {
        command.current_dir(dir);
    }
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{program}: {e}"));
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let start = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            drop(child.kill());
            drop(child.wait());
            panic!("{program} {args:?} did not end");
        }
        // Commands of milliseconds are run by the hundred: look often.
        std::thread::sleep(Duration::from_millis(2));
    };
    Ended {
        code: status.code(),
        out: out.join().unwrap(),
        err: err.join().unwrap(),
    }
}

fn reader(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        drop(pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
