#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

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
