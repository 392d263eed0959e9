//! The panel in headless Chromium.

mod form;
mod matching;
mod registration;
mod tour;
