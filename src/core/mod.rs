//! The pure heart: what GitLab's events mean, whom they match, what a job does next.
//!
//! Nothing here is async, does I/O, reads a clock, makes random numbers or knows Diesel, actix or
//! apalis; time, keys and nonces come in as arguments. Everything above may import it, it imports
//! nothing of ours.

pub mod action;
pub mod actor;
pub mod change;
pub mod credential;
pub mod difference;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod job;
pub mod lane;
pub mod listing;
pub mod matching;
pub mod network;
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
