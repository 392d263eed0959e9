//! The panel in headless Chromium.

mod live;
mod matching;
mod registration;
mod tour;
