//! The panel in headless Chromium.

mod axe;
mod panel;
mod live;
mod matching;
mod registration;
mod tour;
