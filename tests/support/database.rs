//! A database for each test, copied from one that the program itself migrated.

use super::cluster::CLUSTER;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// The migrated database that the others are copies of; its name holds the process id, so that
/// runs against one given server do not meet.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A test's own database. Never dropped: the whole server is thrown away after the run.
#[derive(Clone)]
pub struct Database {
    pub url: String,
}

impl Database {
    /// A database with the current schema, no users and no webhooks.
    pub async fn migrated() -> Self {
        let template = TEMPLATE.get_or_init(make_template).await;
        Self::create(&format!(" TEMPLATE {template}")).await
    }

    /// A database without anything in it.
    pub async fn empty() -> Self {
        Self::create("").await
    }

    async fn create(suffix: &str) -> Self {
        let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let client = connect(&CLUSTER.url("postgres")).await;
        client.batch_execute(&format!("CREATE DATABASE {name}{suffix}")).await.unwrap();
        Self { url: CLUSTER.url(&name) }
    }

    /// A connection, for what the panel does not show.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// The one value that `sql` selects, as text (cast in the query where it is none).
    pub async fn value(&self, sql: &str) -> String {
        self.client().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The first column of what `sql` selects, as text.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        let rows = self.client().await.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// How many rows `what` names, such as `jobs` or `jobs WHERE state = 'failed'`.
    pub async fn count(&self, what: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        self.client().await.query_one(&sql, &[]).await.unwrap().get(0)
    }

    /// Runs statements.
    pub async fn execute(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.unwrap();
    }
}

async fn make_template() -> String {
    let database = Database::empty().await;
    let output = Command::new(env!("CARGO_BIN_EXE_signalbox"))
        .arg("migrate")
        .env("DATABASE_URL", &database.url)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "signalbox migrate: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    database.value("SELECT current_database()::text").await
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
