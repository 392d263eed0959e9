//! The machine behind the panel's pages; it knows no resource by name (`docs/kit.md`).
//!
//! A program gives it a site (`site.rs`) and takes its routes (`mount.rs`, `route.rs`).
//! A resource describes itself (`resource.rs`, `listing.rs`, `column.rs`, `filter.rs`,
//! `field.rs`); `query.rs` reads addresses and writes links; `views.rs` has the handlers, and
//! `list_view.rs`, `form.rs`, `pages.rs` are what templates see of it all.

pub mod at;
pub mod back;
pub mod badge;
pub mod bulk;
pub mod column;
pub mod columns;
pub mod conflict;
pub mod context;
pub mod copy;
pub mod entry;
pub mod export;
pub mod field;
pub mod filter;
mod filter_view;
pub mod form;
pub mod frame;
pub mod history;
pub mod kept;
pub mod list_view;
mod list_words;
pub mod listing;
pub mod mount;
pub mod pages;
pub mod query;
pub mod reauth;
pub mod resource;
pub mod reveal;
pub mod revert;
pub mod route;
pub mod saved;
pub mod site;
pub mod urls;
pub mod views;
