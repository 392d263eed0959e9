//! The schema: migrations in both directions, and what Diesel is told of it.

mod listings;
mod migrations;
mod speed;
