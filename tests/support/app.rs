//! The program under test: the real binary, on a free port, with a database and folders of its
//! own. It is killed when the test is done with it; a failing test shows its log.

use super::cluster::CLUSTER;
use super::database::Database;
use super::gitlab::{Answer, Delivery};
use super::panel::Panel;
use super::wait;
use super::webhooks::WebhookForm;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The first user of every test's Signalbox.
pub const ADMIN: &str = "ada";
/// Her password.
pub const PASSWORD: &str = "correct horse battery staple";
/// The secret token of the webhooks that tests make.
pub const TOKEN: &str = "a-secret-of-the-tests-0123456789";

/// What a test wants of its Signalbox.
pub struct Setup {
    arguments: Vec<String>,
    settings: BTreeMap<String, String>,
    folder: TempDir,
    database: Option<Database>,
    /// Whom the program runs as, if not as we do.
    user: Option<u32>,
}

/// A Signalbox of a test: what it is started with, and the running server.
pub struct App {
    setup: Setup,
    server: Server,
}

/// One running process.
pub struct Server {
    child: Child,
    log: Log,
    pub base: String,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Setup {
    /// A server with a worker, the shipped actions, a fresh database and the first user.
    pub async fn new() -> Self {
        Self::with_first_user(Database::migrated().await)
    }

    /// A server with this database and the first user.
    pub fn with_first_user(database: Database) -> Self {
        Self::without_user(database)
            .setting("SIGNALBOX_SUPERUSER_USERNAME", ADMIN)
            .setting("SIGNALBOX_SUPERUSER_PASSWORD", PASSWORD)
    }

    /// A server with this database, and no user yet.
    pub fn without_user(database: Database) -> Self {
        Self { database: Some(database), ..Self::without_database() }
    }

    /// A server that brings its own PostgreSQL, and has no user yet.
    pub fn without_database() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let actions = folder.path().join("actions");
        fs::create_dir(&actions).unwrap();
        for entry in fs::read_dir(repository().join("actions")).into_iter().flatten() {
            let path = entry.unwrap().path();
            fs::copy(&path, actions.join(path.file_name().unwrap())).unwrap();
        }
        let data = folder.path().join("data");
        Self {
            arguments: vec!["serve".to_owned()],
            settings: BTreeMap::new(),
            folder,
            database: None,
            user: None,
        }
        .setting("SIGNALBOX_ACTIONS_DIR", actions.to_str().unwrap())
        .setting("SIGNALBOX_DATA_DIR", data.to_str().unwrap())
        .setting("SIGNALBOX_BIND", "127.0.0.1:0")
        // Hashing is meant to be slow; the tests log in some hundred times.
        .setting("SIGNALBOX_PASSWORD_MEMORY_KIB", "256")
    }

    /// With this setting.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With one more argument.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// With a catalogue entry that runs a shell script; `more` is added to its TOML.
    pub fn action(self, name: &str, more: &str, script: &str) -> Self {
        write_action(&self.folder.path().join("actions"), name, more, script);
        self
    }

    /// As a user who is nobody special, where we are root.
    pub fn run_by_nobody(mut self) -> Self {
        const NOBODY: u32 = 65_534;
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(self.folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            self.user = Some(NOBODY);
        }
        self
    }

    /// A folder that lives as long as the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it.
    pub async fn start(self) -> App {
        let server = Server::start(self.command()).await;
        App { setup: self, server }
    }

    /// Runs another command of the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command_of(arguments).output().unwrap()
    }

    /// The server's command line.
    fn command(&self) -> Command {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        self.command_of(&arguments)
    }

    /// Any command of the program, with these settings and nothing else of the environment.
    pub fn command_of(&self, arguments: &[&str]) -> Command {
        let mut command = bare_command();
        command.args(arguments).envs(&self.settings);
        if let Some(database) = &self.database {
            command.env("DATABASE_URL", &database.url);
        }
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }
}

impl App {
    /// The usual one.
    pub async fn start() -> Self {
        Setup::new().await.start().await
    }

    /// Where it answers, such as `http://127.0.0.1:40123`.
    pub fn base(&self) -> &str {
        &self.server.base
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        self.setup.database.as_ref().expect("this one keeps its own database")
    }

    /// A folder that lives as long as the test.
    pub fn folder(&self) -> &Path {
        self.setup.folder()
    }

    /// Sends a delivery.
    pub async fn send(&self, delivery: &Delivery) -> Answer {
        delivery.send(self.base()).await
    }

    /// The panel, logged in as the first user.
    pub async fn panel(&self) -> Panel {
        Panel::login(self.base(), ADMIN, PASSWORD).await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Waits until a line of the log holds all of `words`.
    pub async fn logged(&self, words: &[&str]) -> String {
        wait::until(&format!("a log line with {words:?}"), async || {
            let log = self.log();
            log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned)
        })
        .await
    }

    /// Adds a webhook through the panel, and gives back its id.
    pub async fn add_webhook(&self, webhook: &WebhookForm) -> String {
        self.panel().await.add_webhook(webhook).await
    }

    /// The address of the one-time link in the log.
    pub async fn setup_link(&self) -> String {
        let start = "/admin/setup/?token=";
        let line = self.logged(&[start]).await;
        let (_, rest) = line.split_once(start).unwrap();
        let token = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c));
        format!("{start}{}", token.collect::<String>())
    }

    /// The state of a job.
    pub async fn job_state(&self, id: &str) -> String {
        let sql = format!("SELECT state FROM jobs WHERE id = '{id}'");
        self.database().value(&sql).await
    }

    /// Waits until a job is in this state.
    pub async fn job_is(&self, id: &str, state: &str) {
        wait::until_equal(&format!("job {id}"), state.to_owned(), async || {
            self.job_state(id).await
        })
        .await;
    }

    /// A second server with the same settings, database and data directory.
    pub async fn beside(&self) -> Server {
        Server::start(self.setup.command()).await
    }

    /// A worker with the same settings and database, in a process of its own.
    pub fn worker(&self) -> Server {
        Server::spawn(&mut self.setup.command_of(&["worker"]))
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Sends it HUP.
    pub fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.server.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        self.server.stop().await
    }

    /// Starts it again at this address, such as `127.0.0.1:40123`.
    pub async fn restart_at(&mut self, address: &str) {
        self.setup.settings.insert("SIGNALBOX_BIND".to_owned(), address.to_owned());
        self.restart().await;
    }

    /// Starts it again with the settings it had.
    pub async fn restart(&mut self) {
        self.server.kill();
        self.server = Server::start(self.setup.command()).await;
    }

    /// Runs another command of the program with the same settings.
    pub fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = self.setup.command_of(arguments);
        command.envs(settings.iter().copied());
        command.output().unwrap()
    }
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    async fn start(mut command: Command) -> Self {
        let bound = bound_base(&command);
        let mut server = Self::spawn(&mut command);
        server.base = wait::until("the address in the log", async || {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("it ended with {status}:\n{}", server.log());
            }
            base_in(&server.log()).or_else(|| bound.clone().filter(|base| is_answering(base)))
        })
        .await;
        server
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        CLUSTER.watch(child.id());
        let log = Log::default();
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        Self { child, log, base: String::new() }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        self.log.0.lock().unwrap().clone()
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        // An error here says that it is gone already.
        drop(self.child.kill());
        self.child.wait().unwrap();
        CLUSTER.ended(self.child.id());
    }

    /// Sends it TERM, and waits until it has ended.
    pub async fn stop(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status =
            wait::until("the end of the server", async || self.child.try_wait().unwrap()).await;
        CLUSTER.ended(self.child.id());
        status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- log of Signalbox at {} ----\n{}", self.base, self.log());
        }
    }
}

impl Log {
    fn follow(&self, from: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let mut log = log.0.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
    }
}

/// The program with an environment that holds nothing of ours.
pub fn bare_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.env_clear().envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/")]);
    command
}

/// The root of the sources.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The address that a server says it listens on.
fn base_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!port.is_empty() && port != "0").then(|| format!("http://127.0.0.1:{port}"))
}

/// The address of a server whose public one, which it logs, is another.
fn bound_base(command: &Command) -> Option<String> {
    let (_, bind) = command.get_envs().find(|(name, _)| *name == "SIGNALBOX_BIND")?;
    let bind = bind?.to_str()?;
    (!bind.ends_with(":0")).then(|| format!("http://{bind}"))
}

fn is_answering(base: &str) -> bool {
    base.strip_prefix("http://").is_some_and(|address| TcpStream::connect(address).is_ok())
}

/// Writes a catalogue entry that runs a shell script; `more` is added to its TOML.
pub fn write_action(folder: &Path, name: &str, more: &str, script: &str) {
    let program = folder.join(format!("{name}.sh"));
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let entry = format!(
        "description = \"{name}\"\nkind = \"command\"\ncommand = [{:?}]\n{more}\n",
        program.display().to_string()
    );
    fs::write(folder.join(format!("{name}.toml")), entry).unwrap();
}
