//! Signalbox: GitLab's webhooks in, durable jobs out, and a panel that shows why.
//!
//! A delivery comes in at [`web::gitlab`], is read by [`core::event`], judged by
//! [`core::matching`] and committed with its jobs by [`intake`]; [`worker`] runs them with
//! [`actions`], and [`web::admin`] shows it all. The modules stand in the order of their imports:
//! each uses only those above it. `docs/ARCHITECTURE.md` tells the three ways through them.

pub mod core;

pub mod clock;
pub mod i18n;
pub mod metrics;
pub mod spawn;
pub mod telemetry;

pub mod actions;
pub mod config;
pub mod postgres;
pub mod store;

pub mod accounts;
pub mod intake;
pub mod webhooks;
pub mod worker;

pub mod control;

pub mod web;

pub mod app;
pub mod cli;
