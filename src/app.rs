//! The composition root: puts settings, database, intake, worker and web together, starts them in
//! order and stops them in reverse. The only file that knows everybody; it holds no rules.

pub mod secret_key;

use crate::accounts::password::Cost;
use crate::accounts::setup_link::SetupLink;
use crate::accounts::throttle::Throttle;
use crate::config::Settings;
use crate::connections;
use crate::control;
use crate::intake::{Intake, Policy};
use crate::notify::{self, Paths, Teller};
use crate::web::metrics::Measures;
use crate::{web, worker};
use actix_web::dev::Server;
use anyhow::{Context, anyhow, bail};
use secrecy::ExposeSecret;
use signalbox_actions::{self as actions, Catalogue};
use signalbox_core::seal::{self, Keys};
use signalbox_postgres::{self as postgres, Cluster, ClusterError, ClusterOptions};
use signalbox_store::listen::Listener;
use signalbox_store::{self as store, Pool};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a database that is not there yet is waited for.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// Connections of the intake, and of the part of a worker that takes jobs.
const FIXED_STATEMENT_CONNECTIONS: usize = 3;

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
    pub async fn open_or_start(settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database.url {
            let url = url.expose_secret().to_owned();
            wait_for(&url).await?;
            return Ok(Self { url, cluster: None });
        }
        let options = ClusterOptions {
            data_dir: data_dir(settings),
            pg_bin: settings.database.pg_bin.clone(),
        };
        let cluster = Cluster::start_server(options).await?;
        Ok(Self { url: cluster.url(), cluster: Some(cluster) })
    }

    /// The same for a command that is soon done: where a Signalbox runs in this data directory, its
    /// embedded server serves both.
    ///
    /// # Errors
    /// If there is none to be had, with what to do about it.
    pub async fn join_running(settings: &Settings) -> anyhow::Result<Self> {
        match Self::open_or_start(settings).await {
            Err(error) if matches!(error.downcast_ref(), Some(ClusterError::InUse { .. })) => {
                let url = Cluster::url_of(&data_dir(settings));
                wait_for(&url).await?;
                Ok(Self { url, cluster: None })
            }
            opened => opened,
        }
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// If a migration fails.
    pub async fn apply_migrations(&self) -> anyhow::Result<Vec<String>> {
        Ok(store::migrate::run_migrations(&self.url).await?)
    }

    /// A pool of connections.
    ///
    /// # Errors
    /// If it cannot be set up.
    pub fn build_pool(&self, settings: &Settings) -> anyhow::Result<Pool> {
        Ok(Pool::new(&self.url, settings.database.pool)?)
    }

    /// A pool for the intake, or for the part of a worker that takes jobs: a few connections of their
    /// own, so that neither waits for anybody.
    ///
    /// # Errors
    /// If it cannot be set up.
    pub fn pool_for_fixed_statements(&self) -> anyhow::Result<Pool> {
        Ok(Pool::for_fixed_statements(&self.url, FIXED_STATEMENT_CONNECTIONS)?)
    }

    /// Waits for the embedded server to end by itself; for ever if there is none.
    async fn wait_for_end(&mut self) -> String {
        match &mut self.cluster {
            Some(cluster) => cluster.wait_for_end().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the embedded server, if there is one.
    pub async fn stop_server(self) {
        if let Some(cluster) = self.cluster {
            cluster.stop_server().await;
        }
    }
}

async fn wait_for(url: &str) -> anyhow::Result<()> {
    let pool = Pool::new(url, 1)?;
    let wait = async {
        loop {
            match pool.get_conn().await {
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "Waiting for the database"),
            }
            tokio::time::sleep(DATABASE_PAUSE).await;
        }
    };
    if tokio::time::timeout(DATABASE_PATIENCE, wait).await.is_err() {
        let error = pool.get_conn().await.err().map_or_else(String::new, |error| error.to_string());
        bail!("Failed to reach the database within {} s: {error}", DATABASE_PATIENCE.as_secs());
    }
    Ok(())
}

/// The data directory.
pub fn data_dir(settings: &Settings) -> PathBuf {
    postgres::choose_data_dir(settings.database.data_dir.clone())
}

/// The action catalogue; its faults go to the log.
pub fn load_catalogue(settings: &Settings) -> Catalogue {
    let dir = &settings.worker.actions_dir;
    let (catalogue, faults) = Catalogue::load_directory(dir.is_dir().then_some(dir.as_path()));
    for fault in faults {
        tracing::warn!("An action cannot be used: {fault}");
    }
    catalogue
}

/// One process: what it does, and with what.
pub struct App {
    /// The settings.
    pub settings: Settings,
    /// The database.
    pub database: Database,
    /// Where HTTP is answered; none = nowhere.
    pub listener: Option<TcpListener>,
    /// Whether jobs are run.
    pub worker: bool,
}

/// What is up once everything is.
#[derive(Debug)]
pub struct Up<'a> {
    /// Where HTTP is answered.
    pub address: Option<SocketAddr>,
    /// The setup link's token, while there is no user.
    pub setup_token: Option<&'a str>,
}

impl App {
    /// Runs until `stop`, then stops everything in good order. `announce` is told once
    /// everything is up.
    ///
    /// # Errors
    /// If something cannot be started, or the embedded server ends by itself.
    pub async fn run_app(
        self,
        stop: CancellationToken,
        announce: impl FnOnce(Up<'_>),
    ) -> anyhow::Result<()> {
        let Self { settings, mut database, listener, worker } = self;
        let result = serve_all(&settings, &mut database, (listener, worker), stop, announce).await;
        database.stop_server().await;
        result
    }
}

async fn serve_all(
    settings: &Settings,
    database: &mut Database,
    (listener, with_worker): (Option<TcpListener>, bool),
    stop: CancellationToken,
    announce: impl FnOnce(Up<'_>),
) -> anyhow::Result<()> {
    let catalogue = load_catalogue(settings);
    let actions_dir = settings.worker.actions_dir.clone();
    tokio::spawn(actions::watch_directory(catalogue.clone(), actions_dir, stop.clone()));
    // Two pools: a busy panel takes no connection from what is received and run.
    let work_pool = database.build_pool(settings)?;
    let notices = Listener::start_listening(&database.url, stop.clone());
    let setup_link = SetupLink::with_fresh_token();
    let measures = start_measuring(settings, database, stop.clone())?;
    let (mut address, mut server, mut telling) = (None, None, None);
    if let Some(listener) = listener {
        address = Some(listener.local_addr()?);
        let pools = (database.build_pool(settings)?, database.pool_for_fixed_statements()?);
        let live = web::Live { notices: notices.clone(), stop: stop.clone() };
        let keys = secret_key::unlock_keys(settings, &mut *work_pool.get_conn().await?).await?;
        let mut deps =
            web_deps(settings, pools, (catalogue.clone(), live), setup_link.clone(), keys);
        deps.measures = measures;
        // Where the keys are: what was signed is judged anew.
        let policy = Policy { allow_no_secret: settings.web.allow_no_secret };
        let keys = Arc::clone(&deps.keys);
        let public_url = settings.web.public_url.as_ref();
        let endpoint = public_url
            .map(|url| format!("{}{}", url.as_str().trim_end_matches('/'), web::urls::gitlab()));
        tokio::spawn(connections::keep_healthy(
            work_pool.clone(),
            Arc::clone(&keys),
            (deps.intake.clone(), policy),
            endpoint,
            stop.clone(),
        ));
        let reporter = connections::Reporter {
            pool: work_pool.clone(),
            keys: Arc::clone(&keys),
            public_url: public_url.cloned(),
            job_path: PANEL_PATHS.job,
        };
        tokio::spawn(connections::report_results(reporter, stop.clone()));
        tokio::spawn(control::replays::carry_out_runs(
            work_pool.clone(),
            keys,
            policy,
            stop.clone(),
        ));
        // For the same reason: the channels' secrets are sealed.
        let teller = Teller { pool: work_pool.clone(), ..deps.teller.clone() };
        let stop = stop.clone();
        telling = Some(tokio::spawn(async move {
            Box::pin(notify::run_notifications(teller, stop)).await;
        }));
        server = Some(web::serve_web(deps, listener)?);
    }
    let has_user = store::users::any_exists(&mut *work_pool.get_conn().await?).await?;
    let taking = database.pool_for_fixed_statements()?;
    let worker = with_worker.then(|| {
        let deps = worker::Deps {
            pool: work_pool,
            taking,
            notices,
            catalogue,
            concurrency: settings.worker.concurrency,
            grace: settings.worker.grace,
            retention: settings.retention,
        };
        tokio::spawn(worker::run_worker(deps, stop.clone()))
    });
    let handle = server.as_ref().map(Server::handle);
    let server = server.map(tokio::spawn);
    announce(Up { address, setup_token: (!has_user).then(|| setup_link.token()) });
    let ended = tokio::select! {
        () = stop.cancelled() => Ok(()),
        reason = database.wait_for_end() => Err(anyhow!("The embedded PostgreSQL ended: {reason}")),
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
    if let Some(telling) = telling {
        telling.await?;
    }
    ended
}

/// Where messages lead.
const PANEL_PATHS: Paths = Paths {
    job: |id| web::urls::object("hooks", "job", id),
    webhook: |id| web::urls::object("hooks", "webhook", id),
    connection: |id| web::urls::gitlab_connection(id),
    workers: web::urls::workers,
    refused: || web::urls::with_query(&web::urls::deliveries(), &[("verdict", "rejected")]),
};

fn web_deps(
    settings: &Settings,
    (pool, intake_pool): (Pool, Pool),
    (catalogue, live): (Catalogue, web::Live),
    setup_link: SetupLink,
    keys: Keys,
) -> web::Deps {
    let keys = Arc::new(keys);
    let policy = Policy { allow_no_secret: settings.web.allow_no_secret };
    let notices = live.notices.clone();
    let max_body = settings.web.max_body;
    let throttle =
        Throttle::new(pool.clone(), seal::hmac_sha256(&keys.cookie, b"signalbox sign-in"));
    let teller = Teller {
        pool: pool.clone(),
        keys: Arc::clone(&keys),
        public_url: settings.web.public_url.clone(),
        label: settings.web.label.clone(),
        paths: PANEL_PATHS,
        data_dir: data_dir(settings),
        alive_url: settings.web.alive_url.clone(),
    };
    web::Deps {
        pool,
        teller,
        intake: Intake::start_intake(intake_pool, Arc::clone(&keys), policy, max_body, notices),
        catalogue,
        live,
        keys,
        settings: Arc::new(settings.web.clone()),
        retention: settings.retention,
        setup_link,
        password_cost: password_cost(settings),
        throttle,
        measures: None,
        counts: Arc::default(),
    }
}

/// How often what was measured is put together.
const TIDY: Duration = Duration::from_secs(5);

/// Begins to measure, if that is wanted, and tells it at the address of its own, if there is one.
fn start_measuring(
    settings: &Settings,
    database: &Database,
    stop: CancellationToken,
) -> anyhow::Result<Option<Measures>> {
    let wanted = &settings.metrics;
    if !wanted.is_wanted() {
        return Ok(None);
    }
    let numbers = crate::metrics::start_metrics()?;
    let token = wanted.token.clone();
    let measures = Measures { numbers: numbers.clone(), pool: Pool::new(&database.url, 1)?, token };
    if let Some(bind) = &wanted.bind {
        let listener = TcpListener::bind(bind)
            .with_context(|| format!("Failed to listen on {bind} for /metrics"))?;
        listener.set_nonblocking(true)?;
        tracing::info!("Serving metrics at {}/metrics", listener.local_addr()?);
        let server = web::metrics::serve_metrics(measures.clone(), listener)?;
        let (handle, stopped) = (server.handle(), stop.clone());
        tokio::spawn(server);
        tokio::spawn(async move {
            stopped.cancelled().await;
            handle.stop(true).await;
        });
    }
    tokio::spawn(async move {
        let mut every = tokio::time::interval(TIDY);
        while stop.run_until_cancelled(every.tick()).await.is_some() {
            numbers.run_upkeep();
        }
    });
    Ok(Some(measures))
}

/// What a password hash costs.
pub fn password_cost(settings: &Settings) -> Cost {
    Cost { memory_kib: settings.password_memory_kib, ..Cost::STANDARD }
}
