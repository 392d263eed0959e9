//! The settings, a struct per concern.

pub mod web;

pub use web::WebSettings;
