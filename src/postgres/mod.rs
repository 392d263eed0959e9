//! The embedded PostgreSQL: a private server in the data directory, started and stopped with us.
//!
//! `locate.rs` finds the server programs, `place.rs` lays out the folder and picks the user the
//! server runs as, `survivor.rs` ends what a killed Signalbox left running, `cluster.rs` puts it
//! together. Not here: anything about tables (`crate::store`) or which settings lead here
//! (`crate::config`).
//!
//! The server listens on a unix socket in a 0700 folder and nowhere else; who may enter that folder
//! is trusted. It runs with `fsync` on: a job that was answered for survives a power cut.

mod cluster;
mod error;
mod locate;
mod place;
mod survivor;

pub use cluster::{Cluster, ClusterOptions};
pub use error::ClusterError;
pub use place::choose_data_dir;

#[cfg(test)]
mod tests;
