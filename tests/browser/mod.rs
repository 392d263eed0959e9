//! The panel in headless Chromium.

mod axe;
mod panel;
mod tour;
