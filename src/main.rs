//! The `signalbox` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

// Not on aarch64, where jemalloc has to be told at build time how large pages will be.
#[cfg(target_arch = "x86_64")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    signalbox_process::as_spawner().unwrap_or_else(signalbox::cli::main)
}
