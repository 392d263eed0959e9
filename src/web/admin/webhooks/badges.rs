//! The states of webhooks, and of those in a file, as badges.

use crate::web::admin::kit::badge::{Badge, Tone};

/// It waits for its Test event.
pub fn pending_badge() -> Badge {
    Badge::new("pending", "Pending registration", "hourglass", Tone::Caution)
}

/// It has its project's id.
pub fn registered_badge() -> Badge {
    Badge::new("registered", "Registered", "tag", Tone::Known)
}

/// It is switched on or off.
pub fn enabled_badge(enabled: bool) -> Badge {
    if enabled {
        Badge::new("enabled", "Enabled", "check", Tone::Good)
    } else {
        Badge::new("disabled", "Disabled", "slash", Tone::Quiet)
    }
}

/// It hears nothing.
pub fn quiet_badge() -> Badge {
    Badge::new("quiet", "No deliveries", "dash", Tone::Caution)
}

/// One of a file that is not here yet.
pub fn import_new_badge() -> Badge {
    Badge::new("new", "New", "plus", Tone::Known)
}

/// One of a file that differs from the one here.
pub fn import_changed_badge() -> Badge {
    Badge::new("changed", "Changed", "pencil", Tone::Caution)
}

/// One of a file that breaks a rule.
pub fn import_faulty_badge() -> Badge {
    Badge::new("invalid", "Invalid", "cross", Tone::Bad)
}
