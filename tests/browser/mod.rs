//! The panel in headless Chromium.

mod tour;
