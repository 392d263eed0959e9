//! The panel in headless Chromium.

mod actions;
mod live;
mod matching;
mod people;
mod registration;
mod tour;
