//! Waiting for something to become true: the only place where tests let time pass.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long any test waits for anything. Generous: a slow machine is not a fault.
pub const LIMIT: Duration = Duration::from_mins(1);

/// How often it looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Asks `look` until it answers `Some`; panics naming `what` when the limit is reached.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(LIMIT, what, look).await
}

/// The same with a limit of its own.
pub async fn within<T>(limit: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks `look` until it equals `wanted`; panics with what it was instead.
pub async fn until_equal<T: PartialEq + Debug>(
    what: &str,
    wanted: T,
    mut look: impl AsyncFnMut() -> T,
) {
    let started = Instant::now();
    loop {
        let found = look().await;
        if found == wanted {
            return;
        }
        assert!(
            started.elapsed() < LIMIT,
            "waited {LIMIT:?} in vain for {what}: wanted {wanted:?}, last was {found:?}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
