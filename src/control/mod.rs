//! What a person does to work: each a verb, one transaction with its audit entry. Runs nothing
//! itself: the worker does.

mod retry;

pub use retry::{ControlError, run_again};
