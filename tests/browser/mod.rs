//! The panel in headless Chromium.

mod live;
mod matching;
mod people;
mod registration;
mod tour;
