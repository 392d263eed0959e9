//! What accounts may do, and whether they may sign in, as badges.

use crate::web::admin::kit::badge::{Badge, Tone};
use signalbox_core::role::Role;

/// What an account may do.
pub fn role_badge(role: Role) -> Badge {
    let icon = match role {
        Role::Viewer => "search",
        Role::Operator => "play",
        Role::Admin => "key",
    };
    Badge::new(role.as_str(), role.label(), icon, Tone::Plain)
}

/// An account that may sign in, or not.
pub fn active_badge(active: bool) -> Badge {
    if active {
        Badge::new("active", "Active", "check", Tone::Plain)
    } else {
        Badge::new("disabled", "Disabled", "slash", Tone::Quiet)
    }
}

/// The session of whoever looks.
pub fn this_session_badge() -> Badge {
    Badge::new("active", "This one", "check", Tone::Plain)
}
