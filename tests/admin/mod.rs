//! The panel, over HTTP, as a browser without scripts sees it.

mod bulk;
mod forms;
mod index;
mod lists;
mod login;
mod pages;
mod permissions;
mod refusals;
mod setup;
