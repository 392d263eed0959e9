//! The panel, over HTTP, as a browser without scripts sees it.

mod forms;
mod lists;
mod log;
mod login;
mod pages;
mod permissions;
mod refusals;
mod roles;
mod sessions;
mod setup;
mod users;
