//! The panel in headless Chromium.

mod actions;
mod form;
mod live;
mod matching;
mod people;
mod registration;
mod tour;
