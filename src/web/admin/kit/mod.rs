//! The machine behind the panel's pages; it knows no resource by name.

pub mod frame;
