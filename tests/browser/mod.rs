//! The panel in headless Chromium.

mod actions;
mod axe;
mod form;
mod jobs;
mod lists;
mod live;
mod matching;
mod panel;
mod people;
mod registration;
mod replay;
mod tour;
