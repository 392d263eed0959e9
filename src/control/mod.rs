//! What a person does to work: each a verb, one transaction with its audit entry. Runs nothing
//! itself: the worker does.

mod rejudge;
mod retry;

pub use rejudge::{Near, Rejudged, endpoint_of, event_of, rejudge, whole_body};
pub use retry::{ControlError, run_again};
