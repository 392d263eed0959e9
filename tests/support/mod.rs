//! What the tests stand on. Helpers act as people and GitLab do, through HTTP and the command
//! line; only `database` looks into tables.

pub mod app;
pub mod browser;
pub mod cluster;
pub mod database;
pub mod english;
pub mod gitlab;
pub mod page;
pub mod panel;
pub mod patroni;
pub mod people;
pub mod proxy;
pub mod seed;
pub mod server;
pub mod wait;
pub mod webhooks;
