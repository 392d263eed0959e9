//! Connections to GitLab's API: saved by a person, asked for what they are, and used to keep
//! GitLab's webhooks in order. Without one, everything else works as it does.
//!
//! `save.rs` adds, changes and deletes; `client.rs` makes calls with one, each written down; `check.rs`
//! asks what the token is; `setup.rs` makes the webhook of a project; `rotate.rs` gives it other
//! tokens; `health.rs` looks at all of it every few minutes, and `follow.rs` at where projects went;
//! `report.rs` shows jobs in GitLab; `catch_up.rs` takes what GitLab could not
//! deliver, and `branches.rs` makes what it neither sent nor logged.

mod branches;
mod catch_up;
mod check;
mod client;
mod follow;
mod health;
mod report;
mod rotate;
mod save;
mod setup;
mod take;

pub use catch_up::{CaughtUp, MissedEvents, catch_up_now, leave_out};
pub use check::check_connection;
pub use client::search_projects;
pub use health::{ends_soon, keep_healthy};
pub use report::{Reporter, report_results};
pub use rotate::rotate_tokens;
pub use save::{
    ConnectionDraft, ConnectionError, ConnectionInput, delete_connection, save_connection,
};
pub use setup::{Outcome, SetupError, Test, find_drift, fix_hook, project_token, set_up_webhook};
pub use take::CatchUp;
