//! The panel in headless Chromium.

mod matching;
mod people;
mod registration;
mod tour;
