//! The panel in headless Chromium.

mod actions;
mod axe;
mod form;
mod gitlab_connection;
mod import;
mod jobs;
mod keyboard;
mod layout;
mod lists;
mod live;
mod looks;
mod matching;
mod measure;
mod palette;
mod panel;
mod people;
mod plain;
mod registration;
mod replay;
mod start;
mod time_zone;
mod todo;
mod tour;
mod ways;
mod webhook;
