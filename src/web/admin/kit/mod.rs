//! The machine behind the panel's pages; it knows no resource by name.
//!
//! A resource describes itself (`resource.rs`, `listing.rs`, `column.rs`, `filter.rs`,
//! `field.rs`); `query.rs` reads addresses and writes links; `views.rs` has the handlers, and
//! `list_view.rs`, `form.rs`, `pages.rs` are what templates see of it all.

pub mod at;
pub mod back;
pub mod bulk;
pub mod column;
pub mod conflict;
pub mod export;
pub mod field;
pub mod filter;
pub mod form;
pub mod frame;
pub mod list_view;
pub mod listing;
pub mod mount;
pub mod pages;
pub mod query;
pub mod resource;
pub mod reveal;
pub mod views;
