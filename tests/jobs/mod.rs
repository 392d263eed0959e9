//! What becomes of queued work: run, retried, failed, interrupted.

mod crash;
mod retry;
mod run;
mod stop;
mod upkeep;
