//! The Signalbox under attack: servers and workers over one database, one webhook, and its action
//! that takes notes.

use super::ledger::Ledger;
use super::load::{Load, Pace};
use crate::support::app::{App, Server, Setup};
use crate::support::database::Database;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use std::time::{Duration, Instant};

/// What stands there.
pub struct Shape {
    pub servers: usize,
    /// Whether the servers run jobs themselves.
    pub servers_work: bool,
    /// Workers in processes of their own.
    pub workers: usize,
    /// What an action does between its begin and its end.
    pub work: &'static str,
    pub settings: Vec<(&'static str, String)>,
}

impl Shape {
    /// One server with its worker.
    pub fn one() -> Self {
        Self {
            servers: 1,
            servers_work: true,
            workers: 0,
            work: "",
            settings: vec![("SIGNALBOX_WORKER_CONCURRENCY", "4".to_owned())],
        }
    }

    /// With one more setting.
    pub fn setting(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }
}

pub struct Rig {
    pub ledger: Ledger,
    pub database: Database,
    pub servers: Vec<App>,
    pub workers: Vec<Server>,
}

impl Rig {
    pub async fn new(shape: Shape) -> Self {
        let database = Database::migrated().await;
        Self::on(database.clone(), &database, shape).await
    }

    /// With a database that Signalbox reaches by way of `through`.
    pub async fn on(database: Database, through: &Database, shape: Shape) -> Self {
        let ledger = Ledger::new();
        let mut rig = Self { ledger, database, servers: Vec::new(), workers: Vec::new() };
        for _ in 0..shape.servers {
            rig.add_server(through, &shape).await;
        }
        let webhook = with(webhooks::push(), &[("action", "note")]);
        rig.servers[0].add_webhook(&webhook).await;
        for _ in 0..shape.workers {
            rig.workers.push(rig.servers[0].worker());
        }
        rig
    }

    /// Starts one more server.
    pub async fn add_server(&mut self, through: &Database, shape: &Shape) {
        let mut setup = Setup::with_first_user(through.clone())
            .setting("SIGNALBOX_SECRET_KEY", "a secret key of the tests, long enough")
            .action("note", "", &self.ledger.script(shape.work));
        for (name, value) in &shape.settings {
            setup = setup.setting(name, value);
        }
        if !shape.servers_work {
            setup = setup.argument("--no-worker");
        }
        self.servers.push(setup.start().await);
    }

    /// Begins to send to all servers.
    pub fn load(&self, pace: Pace) -> Load {
        Load::start(self.servers.iter().map(|server| server.base().to_owned()).collect(), pace)
    }

    /// Kills a server, starts it again, and says how long it was away.
    pub async fn kill_server(&mut self, number: usize) -> Duration {
        let server = &mut self.servers[number];
        let address = server.base().strip_prefix("http://").unwrap().to_owned();
        let killed = Instant::now();
        server.kill();
        server.restart_at(&address).await;
        self.ready(number).await;
        killed.elapsed()
    }

    /// Waits until a server says that it is ready. Says how long that took.
    pub async fn ready(&self, number: usize) -> Duration {
        let started = Instant::now();
        let address = format!("{}/readyz", self.servers[number].base());
        let client = reqwest::Client::builder().timeout(Duration::from_secs(8)).build().unwrap();
        wait::until("a server that is ready", async || {
            let answer = client.get(&address).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        started.elapsed()
    }

    /// A figure of a server's process in MiB, such as `VmRSS`.
    pub fn memory(&self, number: usize, figure: &str) -> u64 {
        let path = format!("/proc/{}/status", self.servers[number].pid());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib / 1024
    }
}
