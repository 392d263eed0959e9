//! Why a call, of a server or of a container engine, did not do what it was for.

use hyper::StatusCode;
use signalbox_core::failure::Failure;

/// There was no answer, or none to be glad about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// The answer's status, if there was one.
    pub status: Option<StatusCode>,
    /// What went wrong.
    pub why: Failure,
    /// Whether another try may help, whatever the entry says.
    pub temporary: bool,
}

impl CallFailure {
    /// For good.
    pub fn refuse_for_good(why: Failure) -> Self {
        Self { status: None, why, temporary: false }
    }

    /// Nothing was done: the other side may be back soon.
    pub fn fail_for_now(why: Failure) -> Self {
        Self { status: None, why, temporary: true }
    }
}
