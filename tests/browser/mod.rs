//! The panel in headless Chromium.

mod axe;
mod panel;
mod matching;
mod registration;
mod tour;
