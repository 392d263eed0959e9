//! What becomes of queued work: run, retried, failed, interrupted, cancelled, held back.

mod cancel;
mod crash;
mod lanes;
mod live;
mod log;
mod many;
mod page;
mod pause;
mod retry;
mod run;
mod same_user;
mod spawner;
mod stats;
mod stop;
mod takeover;
mod turns;
mod upkeep;
