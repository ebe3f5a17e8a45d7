//! The `antin` program: everything is in the library.

fn main() -> std::process::ExitCode {
    antin::cli::main()
}
