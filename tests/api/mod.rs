//! What GitLab meets: the two webhook addresses.

pub mod credentials;
mod credentials_matrix;
mod filters;
mod idempotency;
mod known_webhooks;
mod metrics;
mod receive;
mod refusals;
mod register;
mod rotation;
mod shared_tokens;
mod strangers;
