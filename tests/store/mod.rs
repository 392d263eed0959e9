//! The schema: migrations in both directions, and what Diesel is told of it.

mod history;
mod listings;
mod migrations;
mod speed;
