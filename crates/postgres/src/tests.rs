//! On real servers in temporary directories; the programs must be installed.

use super::place::{blocked_at, default_data_dir, find_user, percent_encoded};
use super::*;
use signalbox_process::Ids;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio_postgres::NoTls;

signalbox_process::spawner_of_tests!();

/// A directory the server's user can walk through.
fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
    directory
}

fn options(data_dir: &Path) -> ClusterOptions {
    ClusterOptions { data_dir: data_dir.to_owned(), pg_bin: None }
}

async fn ask(url: &str, query: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(query, &[]).await.unwrap().get(0)
}

fn postmaster(data_dir: &Path) -> String {
    let lock = fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).unwrap();
    lock.lines().next().unwrap().to_owned()
}

fn is_running(pid: &str) -> bool {
    // A zombie has no command line.
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn a_cluster_is_made_stopped_and_found_again_and_is_private() {
    let directory = open_directory();
    let data_dir = directory.path().join("a +%, b");
    let Err(refused) = Cluster::start_server(options(&data_dir)).await else { panic!("a comma") };
    assert!(refused.to_string().contains("SIGNALBOX_DATA_DIR"), "{refused}");

    let data_dir = directory.path().join("a +% b");
    let cluster = Cluster::start_server(options(&data_dir)).await.unwrap();
    let url = cluster.url();
    assert_eq!(ask(&url, "SHOW fsync").await, "on");
    assert_eq!(ask(&url, "SHOW listen_addresses").await, "");
    assert_eq!(ask(&url, "SHOW server_encoding").await, "UTF8");
    assert_eq!(ask(&url, "SELECT current_database()::text").await, "signalbox");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
        .await
        .unwrap();
    let folder = fs::metadata(data_dir.join("postgres")).unwrap();
    assert_eq!(folder.mode() & 0o777, 0o700);

    // A second Signalbox is told so; a graceful stop does not wait for the sessions.
    let Err(second) = Cluster::start_server(options(&data_dir)).await else { panic!("two on one") };
    assert!(matches!(&second, ClusterError::InUse { .. }), "{second}");
    let pid = postmaster(&data_dir);
    cluster.stop_server().await;
    assert!(!is_running(&pid));

    let cluster = Cluster::start_server(options(&data_dir)).await.unwrap();
    assert_eq!(ask(&cluster.url(), "SELECT word FROM kept").await, "still here");
    cluster.stop_server().await;
}

#[tokio::test]
async fn the_role_is_no_superuser_and_owns_what_an_older_version_made() {
    let directory = open_directory();
    let cluster = Cluster::start_server(options(directory.path())).await.unwrap();
    let rights = "SELECT concat_ws(' ', current_user, rolsuper, rolcreaterole, rolcreatedb) \
                  FROM pg_roles WHERE rolname = current_user";
    assert_eq!(ask(&cluster.url(), rights).await, "signalbox f f f");
    let run = cluster.url();
    let as_superuser = run.replace("user=signalbox", "user=postgres");
    let refused = tokio_postgres::connect(&as_superuser, NoTls).await.err();
    let refused = refused.expect("the superuser is let in").to_string();
    assert!(refused.contains("db error") || refused.contains("pg_hba"), "{refused}");
    cluster.stop_server().await;

    // As an older version left it: all of it the superuser's.
    let hba = directory.path().join("postgres/hba.conf");
    let older = "ALTER DATABASE signalbox OWNER TO postgres; CREATE SCHEMA apalis; \
                 CREATE TABLE apalis.jobs (id serial PRIMARY KEY); \
                 CREATE TABLE kept (id bigserial PRIMARY KEY, word text); \
                 CREATE VIEW seen AS SELECT word FROM kept; CREATE TYPE mood AS ENUM ('ok'); \
                 CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                 CREATE EXTENSION IF NOT EXISTS pgcrypto; INSERT INTO kept (word) VALUES ('mine')";
    let cluster = Cluster::start_open_for_test(options(directory.path())).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&as_superuser, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(older).await.unwrap();
    cluster.stop_server().await;

    let cluster = Cluster::start_server(options(directory.path())).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&cluster.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(
            "INSERT INTO kept (word) VALUES ('new'); ALTER TABLE kept ADD more int; \
             DROP VIEW seen; DROP TYPE mood; DROP FUNCTION one(); DROP SCHEMA apalis CASCADE",
        )
        .await
        .unwrap();
    assert_eq!(ask(&cluster.url(), "SELECT string_agg(word, ' ') FROM kept").await, "mine new");
    assert_eq!(fs::read_to_string(hba).unwrap(), "local signalbox signalbox trust\n");
    cluster.stop_server().await;
}

#[tokio::test]
async fn a_survivor_is_ended_and_a_stale_lock_file_does_not_matter() {
    let directory = open_directory();
    let cluster = Cluster::start_server(options(directory.path())).await.unwrap();
    let survivor = postmaster(directory.path());
    // As after kill -9: the lock is free, the server still runs.
    cluster.abandon_server();
    let cluster = Cluster::start_server(options(directory.path())).await.unwrap();
    assert!(!is_running(&survivor));
    assert_ne!(postmaster(directory.path()), survivor);

    let lock = directory.path().join("postgres/data/postmaster.pid");
    let text = fs::read_to_string(&lock).unwrap();
    cluster.stop_server().await;
    // A number that nobody has, and one of a living process of somebody else: our own.
    for pid in [String::from("2147483646"), std::process::id().to_string()] {
        let stale = text.replacen(text.lines().next().unwrap(), &pid, 1);
        fs::write(&lock, stale).unwrap();
        let owner = fs::metadata(directory.path().join("postgres")).unwrap();
        std::os::unix::fs::chown(&lock, Some(owner.uid()), Some(owner.gid())).unwrap();
        Cluster::start_server(options(directory.path())).await.unwrap().stop_server().await;
    }
}

#[tokio::test]
async fn a_killed_server_is_recovered_and_an_interrupted_initdb_begun_again() {
    let directory = open_directory();
    let unfinished = directory.path().join("postgres/data.unfinished");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15").unwrap();
    let mut cluster = Cluster::start_server(options(directory.path())).await.unwrap();
    assert!(!unfinished.exists());
    cluster.signal_for_test(signalbox_process::Signal::KILL);
    let said = cluster.wait_for_end().await;
    assert!(said.contains("PostgreSQL ended (signal: 9"), "{said}");
    drop(cluster);
    Cluster::start_server(options(directory.path())).await.unwrap().stop_server().await;
}

#[tokio::test]
async fn missing_programs_are_one_sentence_with_both_ways_out() {
    let directory = open_directory();
    let options = ClusterOptions {
        data_dir: directory.path().to_owned(),
        pg_bin: Some(PathBuf::from("/nowhere/bin")),
    };
    let error = Cluster::start_server(options).await.unwrap_err().to_string();
    for part in ["SIGNALBOX_PG_BIN=/nowhere/bin", "apt-get install postgresql", "DATABASE_URL"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn data_of_another_version_and_a_path_too_long_are_named() {
    let directory = open_directory();
    let data = directory.path().join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let error = Cluster::start_server(options(directory.path())).await.unwrap_err();
    assert!(matches!(&error, ClusterError::OtherVersion { .. }), "{error}");

    let long = directory.path().join("x".repeat(100));
    let error = Cluster::start_server(options(&long)).await.unwrap_err();
    assert!(matches!(&error, ClusterError::SocketPath { length, .. } if *length > 107), "{error}");
}

#[test]
fn a_closed_home_sends_root_to_var_lib() {
    let directory = open_directory();
    let home = directory.path().join("home");
    fs::create_dir_all(home.join("checkout")).unwrap();
    // Our own user stands for the server's, so that the way to the temporary directory is open.
    let metadata = fs::metadata(&home).unwrap();
    let user = Ids { uid: metadata.uid(), gid: metadata.gid() };
    let var = home.join("checkout/var");
    assert_eq!(default_data_dir(var.clone(), Some(user)), var);
    fs::set_permissions(&home, Permissions::from_mode(0o677)).unwrap();
    let blocked = (blocked_at(&var, user), default_data_dir(var.clone(), Some(user)));
    fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(blocked, (Some(home), PathBuf::from("/var/lib/signalbox")));
    assert_eq!(default_data_dir(var.clone(), None), var);
    assert_eq!(choose_data_dir(Some("/given".into())), Path::new("/given"));
}

#[test]
fn users_and_lock_files_are_read() {
    let users = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/sh";
    assert_eq!(find_user(users, "postgres"), Some(Ids { uid: 101, gid: 104 }));
    assert_eq!(find_user(users, "nobody"), None);
    assert!(survivor::recorded_pid("42\n/data\n").is_some());
    assert!(survivor::recorded_pid("-42\n").is_none() && survivor::recorded_pid("").is_none());
    assert_eq!(percent_encoded(Path::new("/a b/ü+&")), "/a%20b/%C3%BC%2B%26");
}
