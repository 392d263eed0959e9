//! A PostgreSQL server of one test's own: one that can be stopped, filled and starved.
//!
//! The others share the one of `cluster`. This one writes to the disk as in earnest (fsync).

use super::cluster::{CLUSTER, server_programs, server_user};
use super::database::Database;
use super::wait;
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// The server, running or stopped; it ends with the test.
pub struct OwnServer {
    /// Its socket, its log and, unless it was told otherwise, its data.
    folder: TempDir,
    data: PathBuf,
    settings: Vec<&'static str>,
    running: Option<Child>,
}

impl OwnServer {
    /// Makes a cluster and starts it, with further settings such as `max_connections=30`.
    pub async fn start(settings: &[&'static str]) -> Self {
        Self::start_in(None, settings).await
    }

    /// The same with its data below this folder.
    pub async fn start_in(place: Option<&Path>, settings: &[&'static str]) -> Self {
        let folder = tempfile::Builder::new().prefix("signalbox-own-").tempdir().unwrap();
        let data = place.unwrap_or(folder.path()).join("data");
        for folder in [Some(folder.path()), place].into_iter().flatten() {
            if let Some((_, uid, gid)) = server_user() {
                chown(folder, Some(uid), Some(gid)).unwrap();
            }
        }
        let mut server = Self { folder, data, settings: settings.to_vec(), running: None };
        let made = server
            .program("initdb")
            .arg("-D")
            .arg(&server.data)
            .args(["-U", "tests", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"])
            .args(["--wal-segsize=1"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.resume().await;
        server
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(server_programs().join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((_, uid, gid)) = server_user() {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// A database on it, without a schema yet.
    pub fn database(&self) -> Database {
        Database { url: format!("postgres:///postgres?host={}&user=tests", self.socket_folder()) }
    }

    fn socket_folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Starts it and waits until it lets people in. Says how long that took.
    pub async fn resume(&mut self) -> Duration {
        let started = Instant::now();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("server.log"))
            .unwrap();
        let mut command = self.program("postgres");
        command.arg("-D").arg(&self.data).arg("-k").arg(self.folder.path());
        for setting in ["listen_addresses=", "shared_buffers=32MB"].iter().chain(&self.settings) {
            command.args(["-c", setting]);
        }
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        CLUSTER.watch(child.id());
        self.running = Some(child);
        self.is_there().await;
        started.elapsed()
    }

    /// Waits until it lets people in.
    pub async fn is_there(&self) {
        let url = self.database().url;
        wait::until("a PostgreSQL that answers", async || {
            tokio_postgres::connect(&url, NoTls).await.ok().map(drop)
        })
        .await;
    }

    /// Stops it as it is: `QUIT` drops everything and recovers at the next start, `INT` ends sessions
    /// in good order.
    pub fn stop(&mut self, signal: Signal) {
        let Some(mut child) = self.running.take() else { return };
        // An error says that it is gone already.
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().unwrap();
        CLUSTER.ended(child.id());
    }

    /// Throws away what it has, and follows this one as its standby.
    pub async fn follow(&mut self, leader: &Self) {
        self.stop(Signal::QUIT);
        drop(std::fs::remove_dir_all(&self.data));
        let copied = self
            .program("pg_basebackup")
            .args([
                "-h",
                &leader.socket_folder(),
                "-U",
                "tests",
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
            ])
            .arg("-D")
            .arg(&self.data)
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        self.resume().await;
    }

    /// Makes a standby the leader.
    pub async fn promote(&self) {
        self.database().execute("SELECT pg_promote(true, 60)").await;
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        let has_ended =
            self.running.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some());
        if has_ended && let Some(child) = self.running.take() {
            CLUSTER.ended(child.id());
        }
        has_ended
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.stop(Signal::QUIT);
    }
}
