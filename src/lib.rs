//! Signalbox: GitLab's webhooks in, durable jobs out, and a panel that shows why.

pub mod core;

pub mod clock;
pub mod spawn;

pub mod actions;
pub mod postgres;
pub mod store;
