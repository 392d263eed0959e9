//! The panel. Lists read through `crate::store`; writes go through `accounts`, `records` and
//! `control`. No Diesel, no SQL.

pub mod context;
pub mod index;
pub mod kit;
pub mod login;
pub mod nav;
pub mod password;
pub mod routes;
pub mod setup;
pub mod visitor;
