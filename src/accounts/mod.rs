//! People: who they are, how they prove it, how the first one comes in.
//!
//! Services over `signalbox_store`; where sessions are kept is `crate::web::session_store`'s.

pub mod login;
pub mod password;
pub mod roster;
pub mod setup_link;
pub mod throttle;
pub mod time_zone;
pub mod users;
pub mod views;
