#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bodies;
mod changes;
mod deliver;
mod deployments;
mod editing;
mod events;
mod faults;
mod groups;
mod hooks;
mod notes;
mod pages;
mod projects;
mod reply;
mod repository;
mod routes;
mod server;
mod statuses;
#[cfg(test)]
mod tests;
mod tokens;
mod trials;
mod world;

pub use changes::Sent;
pub use events::Event;
pub use faults::Fault;
pub use groups::Group;
pub use hooks::{Hook, Owner};
pub use projects::{Commit, Project};
pub use tokens::{Role, Token};
pub use world::Call;

use actix_web::dev::ServerHandle;
use server::Shared;
use std::io;
use std::sync::Arc;

/// A running stand-in; it ends when this is dropped.
pub struct GitLab {
    shared: Arc<Shared>,
    address: String,
    handle: ServerHandle,
}

impl GitLab {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start() -> Self {
        #[expect(clippy::expect_used, reason = "no test goes on without it")]
        Self::start_at("127.0.0.1:0").await.expect("no port is free")
    }

    /// Listens on this address.
    ///
    /// # Errors
    /// If it is taken, or not ours.
    #[expect(clippy::unused_async, reason = "it needs a running tokio, which `await` shows")]
    pub async fn start_at(bind: &str) -> io::Result<Self> {
        let (shared, address, handle) = server::start(bind)?;
        Ok(Self { shared, address: format!("http://{address}"), handle })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for GitLab {
    fn drop(&mut self) {
        // The message is sent at once; what is waited for is the end.
        drop(self.handle.stop(false));
    }
}
