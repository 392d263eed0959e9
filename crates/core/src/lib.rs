#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod action;
pub mod actor;
pub mod change;
pub mod chart;
#[cfg(feature = "diesel")]
mod columns;
pub mod commit_status;
pub mod credential;
pub mod delivery_reason;
pub mod device;
pub mod difference;
pub mod event;
pub mod failure;
pub mod hidden;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod lane;
pub mod listing;
pub mod local_time;
pub mod matching;
pub mod network;
pub mod notify;
pub mod output;
pub mod pause;
pub mod replay;
pub mod retry;
pub mod role;
pub mod seal;
pub mod sentence;
pub mod source;
pub mod transfer;
pub mod verdict;
pub mod webhook;
