//! The panel, over HTTP, as a browser without scripts sees it.

mod actions;
mod bulk;
mod compromised;
mod delivery_log;
mod forms;
mod import;
mod index;
mod language;
mod language_pages;
mod lists;
mod log;
mod login;
mod matching;
mod pages;
mod payload;
mod permissions;
mod refusals;
mod registration;
mod replay;
mod replay_many;
mod roles;
mod sessions;
mod setup;
mod switch;
mod try_out;
mod users;
