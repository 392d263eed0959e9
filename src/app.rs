//! The composition root: puts settings, database, intake, worker and web together, starts them in
//! order and stops them in reverse. The only file that knows everybody; it holds no rules.

use crate::accounts::password::Cost;
use crate::accounts::setup_link::SetupLink;
use crate::accounts::throttle::Throttle;
use crate::actions::Catalogue;
use crate::clock;
use crate::config::Settings;
use crate::core::seal::Keys;
use crate::intake::{Intake, Policy};
use crate::postgres::{self, Cluster, ClusterOptions};
use crate::store::{self, Pool};
use crate::{web, worker};
use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a database that is not there yet is waited for.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// The generated secret key's file, in the data directory.
const KEY_FILE: &str = "secret-key";

/// The database in use, and the embedded server if that is ours.
pub struct Database {
    /// Its address, which may hold a password.
    pub url: String,
    /// The embedded server.
    cluster: Option<Cluster>,
}

impl Database {
    /// Starts the embedded server, or waits for the one that is set.
    ///
    /// # Errors
    /// If there is none to be had, with what to do about it.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database.url {
            let url = url.expose_secret().to_owned();
            wait_for(&url).await?;
            return Ok(Self { url, cluster: None });
        }
        let options = ClusterOptions {
            data_dir: data_dir(settings),
            pg_bin: settings.database.pg_bin.clone(),
        };
        let cluster = Cluster::start(options).await?;
        Ok(Self { url: cluster.url(), cluster: Some(cluster) })
    }

    /// Brings both schemas up to date.
    ///
    /// # Errors
    /// If a migration fails.
    pub async fn migrate(&self) -> anyhow::Result<Vec<String>> {
        let applied = store::migrate::run(&self.url).await?;
        worker::setup::queue_schema(&self.url).await?;
        Ok(applied)
    }

    /// A pool of connections.
    ///
    /// # Errors
    /// If it cannot be set up.
    pub fn pool(&self, settings: &Settings) -> anyhow::Result<Pool> {
        Ok(Pool::new(&self.url, settings.database.pool)?)
    }

    /// Waits for the embedded server to end by itself; for ever if there is none.
    async fn ended(&mut self) -> String {
        match &mut self.cluster {
            Some(cluster) => cluster.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the embedded server, if there is one.
    pub async fn close(self) {
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

async fn wait_for(url: &str) -> anyhow::Result<()> {
    let pool = Pool::new(url, 1)?;
    let wait = async {
        loop {
            match pool.get().await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "Waiting for the database"),
            }
            tokio::time::sleep(DATABASE_PAUSE).await;
        }
    };
    if tokio::time::timeout(DATABASE_PATIENCE, wait).await.is_err() {
        let error = pool.get().await.err().map_or_else(String::new, |error| error.to_string());
        bail!("no database within {} s: {error}", DATABASE_PATIENCE.as_secs());
    }
    Ok(())
}

/// The data directory.
pub fn data_dir(settings: &Settings) -> PathBuf {
    postgres::choose_data_dir(settings.database.data_dir.clone())
}

/// The installation's keys: from the settings, else from the data directory, where a secret key
/// is made once.
///
/// # Errors
/// If the key's file can be neither read nor made.
pub fn keys(settings: &Settings) -> anyhow::Result<Keys> {
    if let Some(key) = &settings.secret_key {
        return Ok(Keys::derive(key.expose_secret().as_bytes()));
    }
    let dir = data_dir(settings);
    let file = dir.join(KEY_FILE);
    let kept = kept_key(&dir, &file)
        .with_context(|| format!("the secret key {} cannot be used", file.display()))?;
    Ok(Keys::derive(kept.as_bytes()))
}

fn kept_key(dir: &Path, file: &Path) -> anyhow::Result<String> {
    match File::open(file) {
        Ok(mut open) => {
            let mut text = String::new();
            open.read_to_string(&mut text)?;
            let key = text.trim();
            if key.is_empty() {
                bail!("it is empty");
            }
            Ok(key.to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make_key(dir, file),
        Err(error) => Err(error.into()),
    }
}

/// Makes the key beside its place and links it there: of two that try at once, one wins and both
/// use its key.
fn make_key(dir: &Path, file: &Path) -> anyhow::Result<String> {
    if !dir.is_dir() {
        DirBuilder::new().recursive(true).mode(0o711).create(dir)?;
    }
    let draft = dir.join(format!("{KEY_FILE}.{}", clock::unique()));
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(open, "{}", clock::secret_text())?;
    open.sync_all()?;
    let linked = fs::hard_link(&draft, file);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        Ok(()) | Err(_) => Ok(fs::read_to_string(file)?.trim().to_owned()),
    }
}

/// The action catalogue; its faults go to the log.
pub fn catalogue(settings: &Settings) -> Catalogue {
    let dir = &settings.worker.actions_dir;
    let (catalogue, faults) = Catalogue::load(dir.is_dir().then_some(dir.as_path()));
    for fault in faults {
        tracing::warn!("An action cannot be used: {fault}");
    }
    catalogue
}

/// What one process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Answers HTTP.
    pub web: bool,
    /// Runs jobs.
    pub worker: bool,
}

/// Runs web, worker or both until `stop`, then stops them in good order.
///
/// `announce` is told once everything is up: the address the server listens on, and the setup
/// link's token if there is no user yet.
///
/// # Errors
/// If something cannot be started, or the embedded server ends by itself.
pub async fn run(
    settings: Settings,
    mut database: Database,
    roles: Roles,
    listener: Option<TcpListener>,
    stop: CancellationToken,
    announce: impl FnOnce(Option<std::net::SocketAddr>, Option<&str>),
) -> anyhow::Result<()> {
    let keys = Arc::new(keys(&settings)?);
    let catalogue = catalogue(&settings);
    // Two pools: a busy panel takes no connection from what is received and run.
    let work_pool = database.pool(&settings)?;
    let setup_link = SetupLink::fresh();
    let worker = roles.worker.then(|| {
        let deps = worker::Deps {
            pool: work_pool.clone(),
            database_url: database.url.clone(),
            catalogue: catalogue.clone(),
            concurrency: settings.worker.concurrency,
            grace: settings.worker.grace,
        };
        tokio::spawn(worker::run(deps, stop.clone()))
    });
    let (address, server) = match listener {
        Some(listener) if roles.web => {
            let policy = Policy { allow_no_secret: settings.web.allow_no_secret };
            let deps = web::Deps {
                pool: database.pool(&settings)?,
                intake: Intake::start(work_pool.clone(), Arc::clone(&keys), policy),
                catalogue,
                keys,
                settings: Arc::new(settings.web.clone()),
                setup_link: setup_link.clone(),
                password_cost: cost(&settings),
                throttle: Arc::new(Throttle::default()),
            };
            let address = listener.local_addr()?;
            (Some(address), Some(web::serve(deps, listener)?))
        }
        _ => (None, None),
    };
    let has_user = store::users::any(&mut *work_pool.get().await?).await?;
    announce(address, (!has_user).then(|| setup_link.token()));

    let handle = server.as_ref().map(actix_web::dev::Server::handle);
    let server = server.map(tokio::spawn);
    let ended = tokio::select! {
        () = stop.cancelled() => Ok(()),
        reason = database.ended() => Err(anyhow::anyhow!("the embedded PostgreSQL ended: {reason}")),
    };
    stop.cancel();
    if let Some(handle) = handle {
        handle.stop(true).await;
    }
    if let Some(server) = server {
        server.await??;
    }
    if let Some(worker) = worker {
        worker.await?;
    }
    database.close().await;
    ended
}

/// What a password hash costs.
pub fn cost(settings: &Settings) -> Cost {
    Cost { memory_kib: settings.password_memory_kib, ..Cost::STANDARD }
}
