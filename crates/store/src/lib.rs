#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod address;
pub mod arrivals;
pub mod attempts;
pub mod attention;
pub mod audit;
mod cached;
pub mod candidates;
pub mod deliveries;
pub mod error;
pub mod forms;
pub mod gauges;
pub mod gitlab;
pub mod jobs;
pub mod keys;
pub mod lanes;
pub mod listen;
pub mod migrate;
pub mod nearest;
pub mod notify;
pub mod output;
pub mod overview;
pub mod pauses;
pub mod pool;
pub mod queue;
pub mod replays;
pub mod retention;
pub mod saved_views;
pub mod schema;
pub mod search;
pub mod secret_key;
pub mod sessions;
pub mod sign_ins;
pub mod stats;
mod transaction;
pub mod transitions;
pub mod types;
pub mod unmatched;
pub mod users;
pub mod watched;
pub mod webhook_actions;
pub mod webhooks;
pub mod workers;

pub use error::StoreError;
pub use pool::{Pool, PooledConn};
pub use transaction::run_transaction;

/// A connection: what every function here works on.
pub type Conn = diesel_async::AsyncPgConnection;

/// What a store function answers.
pub type Result<T> = std::result::Result<T, StoreError>;
