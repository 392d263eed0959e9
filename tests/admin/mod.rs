//! The panel, over HTTP, as a browser without scripts sees it.

mod bulk;
mod actions;
mod compromised;
mod delivery_log;
mod forms;
mod index;
mod lists;
mod login;
mod matching;
mod pages;
mod permissions;
mod refusals;
mod registration;
mod setup;
