//! The panel in headless Chromium.

mod people;
mod tour;
