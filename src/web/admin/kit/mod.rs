//! The machine behind the panel's pages; it knows no resource by name.
//!
//! A resource describes itself (`resource.rs`, `listing.rs`, `column.rs`, `filter.rs`,
//! `field.rs`); `query.rs` reads addresses and writes links; `views.rs` has the handlers, and
//! `list_view.rs`, `form.rs`, `pages.rs` are what templates see of it all.

pub mod at;
pub mod back;
pub mod bulk;
pub mod chart;
pub mod column;
pub mod conflict;
pub mod copy;
pub mod entry;
pub mod export;
pub mod field;
pub mod filter;
mod filter_view;
pub mod form;
pub mod frame;
pub mod history;
pub mod list_view;
mod list_words;
pub mod listing;
pub mod mount;
pub mod once;
pub mod pages;
pub mod query;
pub mod reauth;
pub mod resource;
pub mod reveal;
pub mod revert;
pub mod views;

use signalbox_store::audit::Verb;

/// The symbol of what was done.
pub fn log_icon(verb: Verb) -> &'static str {
    match verb {
        Verb::Add => "plus",
        Verb::Change => "pencil",
        Verb::Delete => "trash",
        Verb::Register => "tag",
        Verb::Login | Verb::Logout | Verb::LoginFailed => "user",
        Verb::RunAgain | Verb::RunNow | Verb::Resume | Verb::Replay => "retry",
        Verb::Cancel => "stop",
        Verb::Pause => "pause",
    }
}
