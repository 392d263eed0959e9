//! The cluster's life: `initdb` once, start, wait until it answers, stop.

use super::error::{ClusterError, while_doing};
use super::locate::{self, Programs};
use super::place::{Place, percent_encoded, run_folder};
use super::survivor;
use signalbox_process::{Child, Launch, Signal, Stdio};
use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{Client, NoTls};

/// The role that Signalbox uses, which owns its database and nothing else; who may enter the socket's
/// folder is trusted with it.
const ROLE: &str = "signalbox";

/// The superuser, by whom the role is made. Nobody gets in as that once it is.
const SUPERUSER: &str = "postgres";

/// Who gets in, while the role is made and from then on. Source: PostgreSQL, "The `pg_hba.conf` File".
const OPEN: &str = "local all postgres trust\nlocal signalbox signalbox trust\n";
const CLOSED: &str = "local signalbox signalbox trust\n";

/// How long a server may take to answer: after a crash it first works through its log.
const START: Duration = Duration::from_mins(2);

/// The wait between two tries to connect.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// A fast stop writes a checkpoint; then an immediate one; then the end.
const STOP: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(30)),
    (Signal::QUIT, Duration::from_secs(10)),
    (Signal::KILL, Duration::from_secs(10)),
];

/// What a cluster needs to know.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Signalbox's data directory; the cluster's folder is `postgres/` in it.
    pub data_dir: PathBuf,
    /// The folder of the server programs, if they shall not be looked for.
    pub pg_bin: Option<PathBuf>,
}

/// A running server of our own. Dropped, it is told to stop, but not waited for.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    place: Place,
}

impl Cluster {
    /// Starts the server of a data directory, made on its first start, and waits until it answers.
    ///
    /// # Errors
    /// [`ClusterError`]: no programs, a directory in use or out of reach, or what the server says.
    pub async fn start_server(options: ClusterOptions) -> Result<Self, ClusterError> {
        let data = options.data_dir.join("postgres/data");
        let programs = locate::find_programs(options.pg_bin.as_deref(), &data).await?;
        let place = Place::prepare_folder(&options.data_dir)?;
        if !place.data_folder().exists() {
            initialise_data(&programs, &place).await?;
        }
        survivor::end_survivor(&place).await?;
        place.write_hba(OPEN)?;
        let server = launch_server(&programs, &place)?.start_process().await;
        let server = server.map_err(while_doing("starting", &programs.postgres_path()))?;
        let mut cluster = Self { server, place };
        let client = cluster.until_it_answers().await?;
        set_up(&client, &cluster.place.run_folder()).await?;
        cluster.place.write_hba(CLOSED)?;
        client.batch_execute("SELECT pg_reload_conf()").await?;
        cluster.until_it_is_closed().await?;
        Ok(cluster)
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        url_at(&self.place.run_folder())
    }

    /// The address of the database that another process runs in this data directory.
    pub fn url_of(data_dir: &Path) -> String {
        let data_dir = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
        url_at(&run_folder(&data_dir))
    }

    /// Waits until the server ends without having been told to, and says what it said.
    pub async fn wait_for_end(&mut self) -> String {
        let status = self.server.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        format!("PostgreSQL ended ({status}): {}", last_words(&self.place.log_file()))
    }

    /// Stops the server and waits for its end.
    pub async fn stop_server(mut self) {
        for (signal, patience) in STOP {
            self.server.send_signal(signal);
            if timeout(patience, self.server.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(?signal, "Database server does not stop; sending a stronger signal");
        }
    }

    /// As an older version left it: its superuser is let in.
    #[cfg(test)]
    pub(super) async fn start_open_for_test(options: ClusterOptions) -> Result<Self, ClusterError> {
        let cluster = Self::start_server(options).await?;
        cluster.place.write_hba(OPEN)?;
        cluster.server.send_signal(Signal::HUP);
        while connect_locally(&cluster.place.run_folder(), "postgres").await.is_err() {
            sleep(BETWEEN_TRIES).await;
        }
        Ok(cluster)
    }

    /// Leaves the server running, its place free: what `kill -9` would leave at worst.
    #[cfg(test)]
    pub(super) fn abandon_server(self) {
        std::mem::forget(self.server);
    }

    #[cfg(test)]
    pub(super) fn signal_for_test(&self, signal: Signal) {
        self.server.send_signal(signal);
    }

    /// The server heeds a change of its files a moment after it was told.
    async fn until_it_is_closed(&self) -> Result<(), ClusterError> {
        let (deadline, run) = (Instant::now() + START, self.place.run_folder());
        while connect_locally(&run, "postgres").await.is_ok() {
            if Instant::now() > deadline {
                let said = "it still lets its superuser in".to_owned();
                return Err(ClusterError::Failed { program: "postgres".to_owned(), said });
            }
            sleep(BETWEEN_TRIES).await;
        }
        Ok(())
    }

    async fn until_it_answers(&mut self) -> Result<Client, ClusterError> {
        let (deadline, run) = (Instant::now() + START, self.place.run_folder());
        loop {
            let answer = tokio::select! {
                answer = connect_locally(&run, "postgres") => answer,
                _ = self.server.wait() => {
                    let said = last_words(&self.place.log_file());
                    return Err(ClusterError::Failed { program: "postgres".to_owned(), said });
                }
            };
            match answer {
                Ok(client) => return Ok(client),
                Err(error) if Instant::now() > deadline => {
                    let (log, said) = (self.place.log_file(), error.to_string());
                    return Err(ClusterError::NoAnswer { seconds: START.as_secs(), log, said });
                }
                // It is still starting; its end would be seen above.
                Err(_) => sleep(BETWEEN_TRIES).await,
            }
        }
    }
}

fn url_at(run: &Path) -> String {
    let host = percent_encoded(run);
    format!("postgres:///signalbox?host={host}&user={ROLE}")
}

/// Makes the data: under another name first, so that an interrupted `initdb` leaves nothing that
/// looks like a cluster.
async fn initialise_data(programs: &Programs, place: &Place) -> Result<(), ClusterError> {
    let (unfinished, data) = (place.folder.join("data.unfinished"), place.data_folder());
    tracing::info!(folder = %data.display(), "Creating the embedded database");
    let mut said = String::new();
    // The plain `C` serves where the system has no `C.UTF-8`; both sort by character code.
    for locale in ["C.UTF-8", "C"] {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(while_doing("removing", &unfinished))?;
        }
        let launch = as_server(&programs.initdb_path(), place)
            .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", locale])
            .args(["--auth-local", "trust", "--auth-host", "reject"])
            .args(["--data-checksums", "--no-instructions", "--pgdata"])
            .args([&unfinished]);
        let made = launch
            .collect_output()
            .await
            .map_err(while_doing("running", &programs.initdb_path()))?;
        if made.status.success() {
            fs::rename(&unfinished, &data).map_err(while_doing("renaming", &unfinished))?;
            let folder = File::open(&place.folder).and_then(|folder| folder.sync_all());
            return folder.map_err(while_doing("keeping", &place.folder));
        }
        made.stderr.trim().clone_into(&mut said);
    }
    Err(ClusterError::Failed { program: programs.initdb_path().display().to_string(), said })
}

fn launch_server(programs: &Programs, place: &Place) -> Result<Launch, ClusterError> {
    let log = place.log_file();
    // The last run's log is kept, so that it can be read after a crash and never grows for ever.
    let _ = fs::rename(&log, log.with_extension("log.1"));
    let mut options = File::options();
    options.create(true).append(true).mode(0o600);
    let file = options.open(&log).map_err(while_doing("opening", &log))?;
    let mut launch =
        as_server(&programs.postgres_path(), place).args(["-D".into(), place.data_folder()]);
    for setting in [
        "listen_addresses=".to_owned(),
        // A list of folders, where quotes keep one with spaces whole.
        format!("unix_socket_directories=\"{}\"", place.run_folder().display()),
        "unix_socket_permissions=0700".to_owned(),
        "port=5432".to_owned(),
        "fsync=on".to_owned(),
        "logging_collector=off".to_owned(),
        "log_timezone=UTC".to_owned(),
        "timezone=UTC".to_owned(),
        "cluster_name=signalbox".to_owned(),
        format!("hba_file={}", place.hba_file().display()),
    ] {
        launch = launch.args(["-c".to_owned(), setting]);
    }
    // A fast stop: sessions end, a checkpoint is written, and the next start has nothing to mend.
    launch.death_signal = Signal::INT;
    launch.stderr = Stdio::File(file.into());
    Ok(launch)
}

/// A server program, started as the server's user in its folder.
fn as_server(program: &Path, place: &Place) -> Launch {
    let mut launch = Launch::for_program(program);
    launch.user = place.user;
    launch.cwd.clone_from(&place.folder);
    launch.env = [("PATH", "/usr/bin:/bin"), ("LC_ALL", "C")]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    launch
}

async fn connect_locally(run: &Path, database: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(run).user(SUPERUSER).dbname(database);
    let (client, connection) = config.connect(NoTls).await?;
    // Ends when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}

/// Makes the role and its database. What an older Signalbox made as the superuser becomes the role's.
async fn set_up(client: &Client, run: &Path) -> Result<(), ClusterError> {
    let role = "SELECT 1 FROM pg_roles WHERE rolname = 'signalbox'";
    if client.query_opt(role, &[]).await?.is_none() {
        client.batch_execute("CREATE ROLE signalbox LOGIN").await?;
    }
    let owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'signalbox'";
    match client.query_opt(owner, &[]).await?.map(|row| row.get::<_, String>(0)) {
        None => client.batch_execute("CREATE DATABASE signalbox OWNER signalbox").await?,
        Some(owner) if owner == ROLE => {}
        Some(_) => client.batch_execute("ALTER DATABASE signalbox OWNER TO signalbox").await?,
    }
    // Also what was restored by hand.
    connect_locally(run, "signalbox").await?.batch_execute(include_str!("own.sql")).await?;
    Ok(())
}

/// The last lines of a log.
fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(5)..).unwrap_or_default();
    if tail.is_empty() { "it said nothing".to_owned() } else { tail.join("; ") }
}
