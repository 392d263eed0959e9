//! The panel in headless Chromium.

mod matching;
mod registration;
mod tour;
