//! `serve`, `worker` and `migrate`.

use super::print_line;
use crate::accounts::users::{self, AccountError, Asked, Credentials};
use crate::app::{self, App, Database, Up};
use crate::clock;
use crate::config::{Settings, WebSettings};
use crate::web::urls;
use anyhow::Context;
use clap::Args;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Web only: jobs are run by `signalbox worker` elsewhere
    #[arg(long)]
    no_worker: bool,
    /// Leave the schema as it is
    #[arg(long)]
    no_migrate: bool,
}

#[derive(Debug, Default, Args)]
pub(super) struct Worker {
    /// Leave the schema as it is
    #[arg(long)]
    no_migrate: bool,
}

pub(super) async fn serve_command(command: Serve, settings: Settings) -> anyhow::Result<ExitCode> {
    // Bound before anything is started: a port in use is said at once.
    let listener = TcpListener::bind(&settings.web.bind)
        .with_context(|| format!("Failed to listen on {}", settings.web.bind))?;
    listener.set_nonblocking(true)?;
    run_until_stopped(settings, Some(listener), !command.no_worker, !command.no_migrate).await
}

pub(super) async fn worker_command(
    command: Worker,
    settings: Settings,
) -> anyhow::Result<ExitCode> {
    run_until_stopped(settings, None, true, !command.no_migrate).await
}

pub(super) async fn migrate_command(settings: Settings) -> anyhow::Result<ExitCode> {
    let database = Database::open_or_start(&settings).await?;
    let applied = database.apply_migrations().await;
    database.stop_server().await;
    match applied?.as_slice() {
        [] => print_line("The schema is up to date."),
        versions => print_line(&format!("Applied {}.", versions.join(", "))),
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_until_stopped(
    settings: Settings,
    listener: Option<TcpListener>,
    worker: bool,
    migrate: bool,
) -> anyhow::Result<ExitCode> {
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let database = Database::open_or_start(&settings).await?;
    if let Err(error) = prepare_schema(&settings, &database, migrate).await {
        database.stop_server().await;
        return Err(error);
    }
    let web = settings.web.clone();
    let announce = |up: Up<'_>| match up.address {
        Some(address) => announce_address(&web, address, up.setup_token),
        None => print_line("Signalbox's worker is running."),
    };
    App { settings, database, listener, worker }.run_app(stop, announce).await?;
    Ok(ExitCode::SUCCESS)
}

async fn prepare_schema(
    settings: &Settings,
    database: &Database,
    migrate: bool,
) -> anyhow::Result<()> {
    if migrate {
        database.apply_migrations().await?;
    }
    first_user(settings, database).await
}

/// Makes the first user from the settings, if both are set and there is none.
async fn first_user(settings: &Settings, database: &Database) -> anyhow::Result<()> {
    let Some((username, password)) = settings.superuser.clone() else { return Ok(()) };
    let asked = Asked { at: clock::now(), remote_addr: "", cost: app::password_cost(settings) };
    let credentials = Credentials { username, password };
    match users::create_first(&database.build_pool(settings)?, credentials, asked).await {
        Ok(actor) => {
            tracing::info!(
                user.name = actor.username,
                "First account {} was created",
                actor.username
            );
            Ok(())
        }
        Err(AccountError::NotFirst) => Ok(()),
        Err(error) => Err(error).context("Failed to create the first account"),
    }
}

fn announce_address(web: &WebSettings, address: SocketAddr, token: Option<&str>) {
    let base = match &web.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    print_line(&format!("Signalbox is ready: {base}{}", urls::index()));
    if let Some(token) = token {
        print_line(&format!("Create the first user: {base}{}", urls::setup_with(token)));
    }
}

/// The first signal asks to stop in good order, the second ends the process.
fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if stop.is_cancelled() {
                tracing::warn!("Second signal received: exiting at once");
                std::process::exit(130);
            }
            tracing::info!("Stopping: running attempts may finish");
            stop.cancel();
        }
    });
    Ok(())
}
