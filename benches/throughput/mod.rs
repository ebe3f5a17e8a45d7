//! Contents of the benchmark, in the order in which it runs.
//!
//! * `machine`: what it runs on, and how much of it other programs take
//! * `rate`: how often something can be done, by CPU time on one core and by the clock on all
//! * `raw`: OpenSSL's signatures, SHA-256, sequential reading
//! * `signing`: PAdES B-B in process
//! * `server`, `client`, `load`: `antin demo` as a process of its own, and sixteen clients on it
//! * `verdicts`, `sweep`: reading what was written
//! * `pyhanko`: another implementation
//! * `table`: everything beside its target

mod client;
mod load;
mod machine;
mod pyhanko;
mod rate;
mod raw;
mod server;
mod signing;
mod sweep;
mod table;
mod verdicts;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use antin::province::{Cast, Declaration, Province};
use antin::record::UtcTime;
use table::Table;

/// What every stage may fail with.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long each stage measures, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub name: &'static str,
    /// Raw parts and signing in process: slices of this length take turns, so that what disturbs one disturbs all.
    pub slice_s: f64,
    pub rounds: u32,
    /// Each office through HTTP.
    pub load_s: f64,
    pub verdicts_s: f64,
    /// CPU time of each of pyHanko's four figures.
    pub pyhanko_s: f64,
}

const FULL: Plan = Plan {
    name: "full",
    slice_s: 0.3,
    rounds: 8,
    load_s: 20.0,
    verdicts_s: 6.0,
    pyhanko_s: 3.0,
};

const SHORT: Plan = Plan {
    name: "short",
    slice_s: 0.15,
    rounds: 3,
    load_s: 5.0,
    verdicts_s: 1.5,
    pyhanko_s: 0.4,
};

struct Options {
    plan: Plan,
    /// For profilers: the server under load and nothing else.
    load_only: bool,
    json: Option<PathBuf>,
}

pub(crate) fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Outcome<Options> {
    let mut options = Options {
        plan: FULL,
        load_only: false,
        json: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => options.plan = SHORT,
            "--load-only" => options.load_only = true,
            "--json" => {
                let file = arguments.next().ok_or("--json needs a file")?;
                options.json = Some(file.into());
            }
            // Cargo says it to every benchmark.
            "--bench" => {}
            other => {
                return Err(format!(
                    "unknown argument {other}; known: --short, --load-only, --json FILE"
                )
                .into());
            }
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Outcome<()> {
    let plan = options.plan;
    let pdf = std::fs::read(sample_pdf())?;
    let mut table = Table::new(plan.name);
    machine::describe(&mut table);
    let scratch = Scratch::make()?;
    if options.load_only {
        let demo = server::Demo::start(&scratch.path().join("demo"))?;
        load::measure(&demo, &pdf, plan, &mut table)?;
        table.print();
        return Ok(());
    }

    let now = UtcTime::from_unix_s(rate::unix_s()).ok_or("the clock is out of range")?;
    let declaration = Declaration::embedded().map_err(server::words)?;
    let province = Province::make(&declaration, "http://127.0.0.1:1", now, Cast::Demo)
        .map_err(server::words)?;
    let in_process = signing::measure(&province, &pdf, now, plan, &mut table)?;

    let demo = server::Demo::start(&scratch.path().join("demo"))?;
    load::measure(&demo, &pdf, plan, &mut table)?;
    verdicts::measure(&demo, now, plan, &mut table)?;
    sweep::through_server(&demo, &mut table)?;
    let archive = demo.stop()?;
    sweep::measure(&archive, &scratch, &in_process, &mut table)?;
    pyhanko::measure(&sample_pdf(), &in_process, plan, &mut table)?;

    table.print();
    if let Some(file) = &options.json {
        std::fs::write(file, table.to_json()?)?;
        println!("figures written to {}", file.display());
    }
    Ok(())
}

/// A decision of two pages with its scan: 212,335 bytes, as most results are.
fn sample_pdf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pdfs/results/decision-200k.pdf")
}

/// A folder beside the build's own, on a disk (many a /tmp is memory), gone afterwards.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Outcome<Self> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("throughput-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
