//! Signalbox: GitLab's webhooks in, durable jobs out, and a panel that shows why.

pub mod core;

pub mod clock;
pub mod spawn;
pub mod telemetry;

pub mod actions;
pub mod config;
pub mod postgres;
pub mod store;

pub mod accounts;
pub mod intake;
pub mod records;
pub mod worker;

pub mod control;

pub mod web;

pub mod app;
pub mod cli;
