//! Three PostgreSQL servers that Patroni leads, as in earnest: etcd keeps who leads, replication is
//! synchronous, and who dies is replaced without anybody's doing. All on loopback; ends with the test.

use super::cluster::{CLUSTER, server_programs, server_user};
use super::database::Database;
use super::wait;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long the three may take to find together: one of them may have to be copied anew.
const PATIENCE: Duration = Duration::from_mins(3);
/// What etcd and Patroni are started by.
const PROGRAMS: [&str; 2] = ["/usr/bin/etcd", "/usr/bin/patroni"];

pub struct Patroni {
    nodes: Vec<Node>,
    client: reqwest::Client,
    _etcd: Process,
    /// Data, configurations and logs.
    _folder: TempDir,
}

/// One server with the Patroni that starts it.
struct Node {
    name: String,
    config: PathBuf,
    data: PathBuf,
    port: u16,
    api: u16,
    patroni: Option<Process>,
    /// The server that the guard of the tests knows of.
    watched: Option<u32>,
}

/// A process that ends with its owner.
struct Process(Child);

impl Process {
    fn start(command: &mut Command, log: &Path) -> Self {
        if let Some((_, uid, gid)) = server_user() {
            command.uid(uid).gid(gid);
        }
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        CLUSTER.watch(child.id());
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
        CLUSTER.ended(self.0.id());
    }
}

impl Node {
    /// Its server, while it runs: whatever lives in its data.
    fn server(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let pid = file.lines().next()?.parse().ok()?;
        let lives_in = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
        (lives_in == self.data).then_some(pid)
    }

    fn start(&mut self) {
        let mut command = Command::new(PROGRAMS[1]);
        command.arg(&self.config).current_dir(self.config.parent().unwrap());
        self.patroni = Some(Process::start(&mut command, &self.config.with_extension("log")));
    }

    /// Kills Patroni and every process of its server.
    fn kill(&mut self) {
        self.patroni = None;
        if let Some(server) = self.server() {
            let children =
                std::fs::read_to_string(format!("/proc/{server}/task/{server}/children"));
            let children = children.unwrap_or_default();
            let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
            for pid in [server].into_iter().chain(children) {
                // An error says that it is gone already.
                let _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL);
            }
        }
        self.watch(None);
    }

    /// Tells the guard which server is to end with the tests.
    fn watch(&mut self, server: Option<u32>) {
        if server == self.watched {
            return;
        }
        if let Some(server) = server {
            CLUSTER.watch(server);
        }
        if let Some(before) = std::mem::replace(&mut self.watched, server) {
            CLUSTER.ended(before);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Patroni {
    /// What of it is not installed here.
    pub fn missing() -> Option<&'static str> {
        PROGRAMS.into_iter().find(|program| !Path::new(program).exists())
    }

    /// Starts etcd and three nodes, and waits until one leads and the others follow.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("signalbox-patroni-").tempdir().unwrap();
        if let Some((_, uid, gid)) = server_user() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let [etcd_port, peer, rest @ ..] = free_ports::<8>();
        let etcd = start_etcd(folder.path(), etcd_port, peer);
        let nodes = rest.chunks(2).enumerate().map(|(number, ports)| {
            let name = format!("node{number}");
            let (config, data) =
                (folder.path().join(format!("{name}.json")), folder.path().join(&name));
            let (port, api) = (ports[0], ports[1]);
            let (patroni, watched) = (None, None);
            Node { name, config, data, port, api, patroni, watched }
        });
        let mut nodes: Vec<_> = nodes.collect();
        for node in &mut nodes {
            std::fs::write(&node.config, node_config(node, etcd_port).to_string()).unwrap();
            node.start();
        }
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let mut patroni = Self { nodes, client, _etcd: etcd, _folder: folder };
        patroni.is_whole().await;
        patroni
    }

    /// The database, wherever it is led.
    pub fn database(&self) -> Database {
        let hosts: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        let hosts = hosts.join(",");
        Database {
            url: format!("postgres://tests@{hosts}/postgres?target_session_attrs=read-write"),
        }
    }

    /// What a node that answers knows of all.
    async fn members(&self) -> Option<Vec<Value>> {
        for node in &self.nodes {
            let url = format!("http://127.0.0.1:{}/cluster", node.api);
            let Ok(answer) = self.client.get(url).send().await else { continue };
            let Ok(answer) = answer.text().await else { continue };
            let all: Value = serde_json::from_str(&answer).unwrap();
            return all["members"].as_array().cloned();
        }
        None
    }

    /// The node that leads.
    async fn leader(&self) -> Option<usize> {
        let members = self.members().await?;
        let leads = |member: &&Value| member["role"] == "leader" && member["state"] == "running";
        let leader = members.iter().find(leads)?;
        self.nodes.iter().position(|node| leader["name"] == node.name)
    }

    /// Waits until one leads, the others follow it, and a commit waits for one of these.
    pub async fn is_whole(&mut self) {
        wait::within(PATIENCE, "three nodes that follow one", async || {
            let members = self.members().await?;
            let count = |key: &str, value: &Value| {
                members.iter().filter(|member| member[key] == *value).count()
            };
            let leader = members.iter().find(|member| member["role"] == "leader")?;
            let follow = count("state", &json!("running")) + count("state", &json!("streaming"));
            let is_whole = count("timeline", &leader["timeline"]) == self.nodes.len()
                && count("role", &json!("sync_standby")) == 1
                && follow == self.nodes.len();
            is_whole.then_some(())
        })
        .await;
        for node in &mut self.nodes {
            node.watch(node.server());
        }
    }

    /// Kills the server that leads and its Patroni, and waits until another one leads. Says which it
    /// was.
    pub async fn kill_leader(&mut self) -> usize {
        let killed = wait::until("a leader", async || self.leader().await).await;
        self.nodes[killed].kill();
        wait::within(PATIENCE, "another leader", async || {
            self.leader().await.filter(|leader| *leader != killed)
        })
        .await;
        killed
    }

    /// Starts a killed node, which comes back as a follower.
    pub fn revive(&mut self, node: usize) {
        self.nodes[node].start();
    }
}

/// Ports that nobody has yet.
fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn start_etcd(folder: &Path, client: u16, peer: u16) -> Process {
    let [client, peer] = [client, peer].map(|port| format!("http://127.0.0.1:{port}"));
    let mut command = Command::new(PROGRAMS[0]);
    command.arg("--data-dir").arg(folder.join("etcd"));
    for (name, value) in [
        ("listen-client-urls", &client),
        ("advertise-client-urls", &client),
        ("listen-peer-urls", &peer),
        ("initial-advertise-peer-urls", &peer),
        ("initial-cluster", &format!("default={peer}")),
    ] {
        command.arg(format!("--{name}")).arg(value);
    }
    Process::start(command.current_dir(folder), &folder.join("etcd.log"))
}

/// A leader that is not heard of for ten seconds is replaced; without a follower nothing is committed.
fn node_config(node: &Node, etcd: u16) -> Value {
    let api = format!("127.0.0.1:{}", node.api);
    let server = format!("127.0.0.1:{}", node.port);
    json!({
        "scope": "signalbox",
        "name": node.name,
        "etcd3": { "host": format!("127.0.0.1:{etcd}") },
        "restapi": { "listen": api, "connect_address": api },
        "watchdog": { "mode": "off" },
        "bootstrap": {
            "dcs": {
                "ttl": 10,
                "loop_wait": 1,
                "retry_timeout": 3,
                "synchronous_mode": true,
                "synchronous_mode_strict": true,
                "postgresql": { "use_pg_rewind": true },
            },
            "initdb": [
                { "encoding": "UTF8" }, { "locale": "C" }, { "auth": "trust" }, { "wal-segsize": "1" },
            ],
        },
        "postgresql": {
            "listen": server,
            "connect_address": server,
            "bin_dir": server_programs(),
            "data_dir": node.data,
            "pgpass": node.config.with_extension("pgpass"),
            "authentication": {
                "superuser": { "username": "tests" },
                "replication": { "username": "tests" },
            },
            "pg_hba": [
                "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust",
            ],
            "parameters": { "shared_buffers": "32MB", "unix_socket_directories": "" },
            "remove_data_directory_on_rewind_failure": true,
            "remove_data_directory_on_diverged_timelines": true,
        },
    })
}
