//! The `signalbox` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    signalbox::spawn::as_spawner().unwrap_or_else(signalbox::cli::main)
}
