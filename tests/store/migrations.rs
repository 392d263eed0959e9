//! Each migration up, down and up again; `schema.rs` against the database.

use crate::support::app::repository;
use crate::support::database::Database;
use crate::support::seed;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// The folders of the migrations, in order.
fn migrations() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(repository().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

async fn columns(database: &Database) -> BTreeMap<String, BTreeSet<String>> {
    let rows = database
        .column(
            "SELECT concat_ws(' ', table_name, column_name, udt_name, \
                    CASE is_nullable WHEN 'YES' THEN 'null' END) \
             FROM information_schema.columns WHERE table_schema = 'public' \
               AND table_name <> '__diesel_schema_migrations'",
        )
        .await;
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let (table, column) = row.split_once(' ').unwrap();
        tables.entry(table.to_owned()).or_default().insert(column.to_owned());
    }
    tables
}

/// Columns; indexes and constraints.
async fn seen(database: &Database) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
    let others = database.column(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
         UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    );
    (columns(database).await, others.await)
}

#[tokio::test]
async fn each_migration_goes_up_down_and_up_again() {
    let database = Database::empty().await;
    for folder in migrations() {
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let before = seen(&database).await;
        database.execute(&read("up.sql")).await;
        let after = seen(&database).await;
        assert_ne!(before, after, "{} changes nothing that can be seen", folder.display());
        database.execute(&read("down.sql")).await;
        assert_eq!(seen(&database).await, before, "{}", folder.display());
        database.execute(&read("up.sql")).await;
        assert_eq!(seen(&database).await, after, "{}", folder.display());
    }
}

#[tokio::test]
async fn the_schema_that_diesel_knows_is_the_databases() {
    let found = columns(&Database::migrated().await).await;
    let text = fs::read_to_string(repository().join("crates/store/src/schema.rs")).unwrap();
    let table = Regex::new(r"(?s)diesel::table! \{\s*(\w+) \([\w, ]+\) \{(.*?)\n    \}").unwrap();
    let column =
        Regex::new(r#"(?:#\[sql_name = "(\w+)"\]\s*)?(\w+) -> (Nullable<)?(\w+)"#).unwrap();
    let known: BTreeMap<String, BTreeSet<String>> = table
        .captures_iter(&text)
        .map(|table| {
            let columns = column.captures_iter(&table[2]).map(|column| {
                let name = column.get(1).unwrap_or_else(|| column.get(2).unwrap()).as_str();
                let nullable = if column.get(3).is_some() { " null" } else { "" };
                format!("{name} {}{nullable}", column[4].to_lowercase())
            });
            (table[1].to_owned(), columns.collect())
        })
        .collect();
    assert!(known.len() >= 10, "schema.rs could not be read");
    assert_eq!(known, found);
}

#[tokio::test]
async fn what_a_filter_kept_out_before_gets_its_own_verdict() {
    let read = |name: &str| {
        let folder = repository().join("migrations/2026-11-29-000000_filtered_verdict");
        fs::read_to_string(folder.join(name)).unwrap()
    };
    let database = Database::migrated().await;
    database.execute(&read("down.sql")).await;
    seed::webhooks(&database, 1).await;
    seed::deliveries(&database, 5).await;
    let trace = |differs: &str| {
        let checks = ["credential", "repo_name", "ref_filter", "condition"].map(|field| {
            format!(r#"{{"field": "{field}", "equal": {}}}"#, !differs.contains(field))
        });
        format!(r#"{{"records": [{{"checks": [{}]}}]}}"#, checks.join(", "))
    };
    for (n, code, trace) in [
        (1, "'filtered'", "{}".to_owned()),
        (2, "NULL", trace("ref_filter condition")),
        (3, "NULL", trace("repo_name condition")),
        (4, "'differs'", trace("condition")),
        (5, "NULL", "{}".to_owned()),
    ] {
        let row = format!(
            "UPDATE deliveries SET verdict = 'unmatched', reason_code = {code}, reason = '{trace}' \
             WHERE idempotency_key = '{n}'"
        );
        database.execute(&row).await;
    }
    let last = "UPDATE webhooks SET last_verdict = 'unmatched', last_delivery_id = \
                (SELECT id FROM deliveries WHERE idempotency_key = '2')";
    database.execute(last).await;
    database.execute(&read("up.sql")).await;
    let verdicts = database.column("SELECT verdict FROM deliveries ORDER BY id").await;
    assert_eq!(verdicts, ["filtered", "filtered", "unmatched", "unmatched", "unmatched"]);
    assert_eq!(database.column("SELECT last_verdict FROM webhooks").await, ["filtered"]);
}

/// A server of the version before still writes while a new one migrates: what it does not know
/// must have a default.
#[test]
fn a_new_column_is_nullable_or_has_a_default() {
    let add = Regex::new(r"(?is)add\s+column\s+[^,;]*").unwrap();
    for folder in migrations() {
        let sql = fs::read_to_string(folder.join("up.sql")).unwrap();
        for found in add.find_iter(&sql) {
            let clause = found.as_str().to_lowercase();
            assert!(
                !clause.contains("not null") || clause.contains("default"),
                "{}: {}",
                folder.display(),
                found.as_str()
            );
        }
    }
}
