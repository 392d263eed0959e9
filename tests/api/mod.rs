//! What GitLab meets: the two webhook addresses.

mod credentials;
mod idempotency;
mod receive;
mod refusals;
mod register;
