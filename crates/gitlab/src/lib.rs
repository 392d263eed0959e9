#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod branches;
mod client;
pub mod deployments;
mod failure;
pub mod hooks;
pub mod log;
pub mod notes;
pub mod projects;
pub mod statuses;
pub mod token;

pub use client::{CallRecord, Client, ClientOptions, Recorder, read_base_url};
pub use failure::ApiFailure;
