//! The panel in headless Chromium.

mod actions;
mod matching;
mod registration;
mod tour;
