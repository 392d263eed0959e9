//! The one test binary: everything that needs the real program, a database or a browser.
//!
//! `support` holds the machinery (a PostgreSQL for the run, a database a test, the program itself,
//! a sender in GitLab's manner, a reader of the panel); the other modules hold the tests, by what
//! they look at. Unit tests stand beside the code in `src/` and `crates/`.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test ends at the first thing that is not as it should be, and says why"
)]

mod admin;
mod api;
mod architecture;
mod browser;
mod cli;
mod docker;
mod fuzz;
mod jobs;
mod licences;
mod notify;
mod store;
mod support;
mod torture;
