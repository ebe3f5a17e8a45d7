//! The command line: one file per verb.
//!
//! # Invariants
//! * What a program reads goes to standard output, everything else to standard error.

/// A line on standard output. Whoever reads it may close it early (`| head`); that is no failure of ours.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}

mod allocator;
mod assemble;
mod clock;
mod config;
mod demo;
mod disk;
mod extend;
mod init;
mod key;
mod serve;
mod sign;
mod sweep;
#[cfg(test)]
mod tests;
mod trial;
mod verify;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Could not look, could not start: 3 as in `antin verify`'s contract.
pub(crate) const COULD_NOT: u8 = 3;

#[derive(Debug, Parser)]
#[command(
    name = "antin",
    version,
    about = "Signs, keeps and proves results of administrative procedures\nKý số, lưu trữ và chứng minh kết quả thủ tục hành chính",
    after_help = "Start here / Bắt đầu: antin demo"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A throw-away province on this machine, to try everything / Dùng thử với một tỉnh giả định trên máy này
    Demo(demo::Demo),
    /// Makes a new archive: log key, empty log, configuration / Tạo kho lưu trữ mới
    Init(init::Init),
    /// Serves pages, API and log / Chạy dịch vụ
    Serve(serve::Serve),
    /// Signs a file without archiving it / Ký một tệp, không lưu trữ
    Sign(sign::Sign),
    /// Brings a signed file to a higher level / Nâng mức chữ ký của một tệp đã ký
    Extend(extend::Extend),
    /// Judges a signed PDF, ours or another's / Kiểm tra một tệp PDF đã ký
    Verify(verify::Verify),
    /// Reads the whole archive again and lists what is wrong / Rà soát toàn bộ kho lưu trữ
    Sweep(sweep::Sweep),
    /// Checks a configuration, or prints an example / Kiểm tra cấu hình hoặc in cấu hình mẫu
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Makes an API key for a client / Tạo khoá API
    #[command(subcommand)]
    Key(key::KeyVerb),
}

/// Runs the verb that the command line names.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no failure; everything else could not even begin.
            let code = if error.use_stderr() { COULD_NOT } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    start_logging();
    let code = match arguments.verb {
        Verb::Demo(demo) => {
            allocator::bound();
            demo.run()
        }
        Verb::Init(init) => init.run(),
        Verb::Serve(serve) => {
            allocator::bound();
            serve.run()
        }
        Verb::Sign(sign) => sign.run(),
        Verb::Extend(extend) => extend.run(),
        Verb::Verify(verify) => verify.run(),
        Verb::Sweep(sweep) => {
            allocator::bound();
            sweep.run()
        }
        Verb::Config(verb) => verb.run(),
        Verb::Key(verb) => verb.run(),
    };
    ExitCode::from(code)
}

fn start_logging() {
    use tracing_subscriber::EnvFilter;
    // actix_http logs every malformed request of any stranger as an error of its own.
    let filter = EnvFilter::try_from_env("ANTIN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,antin=info,actix_http=off"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second start in one process (tests) keeps the first.
    let _ = if std::env::var_os("ANTIN_LOG_JSON").is_some() {
        builder.json().try_init()
    } else {
        builder.with_ansi(false).try_init()
    };
}

/// Prints a failure for a person and gives the exit code for "could not".
fn could_not(message: impl std::fmt::Display) -> u8 {
    eprintln!("antin: {message}");
    COULD_NOT
}
