//! Why a call, of a server or of a container engine, did not do what it was for.

use hyper::StatusCode;
use signalbox_core::failure::Failure;

/// There was no answer, or none to be glad about.
pub(super) struct CallFailure {
    pub(super) status: Option<StatusCode>,
    pub(super) why: Failure,
    /// Whether another try may help, whatever the entry says.
    pub(super) temporary: bool,
}

impl CallFailure {
    /// For good.
    pub(super) fn refuse_for_good(why: Failure) -> Self {
        Self { status: None, why, temporary: false }
    }

    /// Nothing was done: the other side may be back soon.
    pub(super) fn fail_for_now(why: Failure) -> Self {
        Self { status: None, why, temporary: true }
    }
}
