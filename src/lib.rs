//! Signalbox: GitLab's webhooks in, durable jobs out, and a panel that shows why.
//!
//! A delivery comes in at [`web::gitlab`], is read by [`signalbox_core::event`], judged by
//! [`signalbox_core::matching`] and committed with its jobs by [`intake`]; [`worker`] runs them with
//! [`signalbox_actions`], and [`web::admin`] shows it all. The modules stand in the order of their
//! imports: each uses only those above it. `docs/ARCHITECTURE.md` tells the three ways through them.

#![forbid(unsafe_code)]

pub mod clock;
pub mod config;
pub mod metrics;
pub mod telemetry;

pub mod accounts;
pub mod intake;
pub mod notify;
pub mod webhooks;
pub mod worker;

pub mod connections;
pub mod control;

pub mod web;

pub mod app;
pub mod cli;
