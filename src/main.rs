//! The `signalbox` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    signalbox_process::as_spawner().unwrap_or_else(signalbox::cli::main)
}
