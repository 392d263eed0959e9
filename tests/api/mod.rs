//! What GitLab meets: the two webhook addresses.

mod idempotency;
mod receive;
mod refusals;
mod register;
