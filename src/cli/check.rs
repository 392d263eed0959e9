//! `check`: says every fault of settings, catalogue and database.
//!
//! Faults of the settings have been said before this is reached.

use super::{complain, say};
use crate::app::{self, Database};
use crate::config::Settings;
use signalbox_actions::{Catalogue, secrets_missing};
use signalbox_core::action::{ActionKind, ActionSpec};
use signalbox_store::migrate;
use std::process::ExitCode;

pub(super) async fn check(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut faults = Vec::new();
    say("Settings: valid.");
    catalogue(&settings, &mut faults);
    match Database::join(&settings).await {
        Ok(database) => {
            match migrate::pending_migrations(&database.url).await {
                Ok(pending) if pending.is_empty() => {
                    say("Database: reachable, schema up to date.");
                    if let Err(error) = secret_key(&settings, &database).await {
                        faults.push(format!("Secret key: {error:#}"));
                    }
                }
                Ok(pending) => faults.push(format!(
                    "Database: the migrations {} are not applied; run signalbox migrate",
                    pending.join(", ")
                )),
                Err(error) => faults.push(format!("Database: {error}")),
            }
            database.close().await;
        }
        Err(error) => faults.push(format!("Database: {error:#}")),
    }
    for fault in &faults {
        complain(fault);
    }
    if faults.is_empty() {
        say("No faults.");
        return Ok(ExitCode::SUCCESS);
    }
    complain(&format!("{} faults.", faults.len()));
    Ok(ExitCode::FAILURE)
}

/// Whether it is the database's; where there is none yet, the first start makes it.
async fn secret_key(settings: &Settings, database: &Database) -> anyhow::Result<()> {
    let pool = database.pool(settings)?;
    app::secret_key::known(settings, &mut *pool.get_conn().await?).await?;
    Ok(())
}

/// Whether what it runs can do what Signalbox can.
fn runs_as_us(spec: &ActionSpec) -> bool {
    match &spec.kind {
        ActionKind::Command(command) => command.user.is_none(),
        ActionKind::Http(_) | ActionKind::Container(_) => false,
    }
}

fn catalogue(settings: &Settings, faults: &mut Vec<String>) {
    let dir = &settings.worker.actions_dir;
    let found = if dir.is_dir() {
        Catalogue::load_directory(Some(dir.as_path()))
    } else {
        say(&format!("Actions: {} does not exist; only built-in actions.", dir.display()));
        Catalogue::load_directory(None)
    };
    let (catalogue, found) = found;
    faults.extend(found.iter().map(|fault| format!("Actions: {fault}")));
    for spec in catalogue.entries() {
        if let Some(reason) = secrets_missing(&spec) {
            // No fault of the entry's: a shipped example waits for its secret, and the worker's
            // environment may be another than this one.
            say(&format!("Actions: {} cannot be run from here: {reason}.", spec.name));
        }
    }
    let own_user = catalogue.entries().filter(|spec| runs_as_us(spec));
    let own_user: Vec<String> = own_user.map(|spec| spec.name.clone()).collect();
    if !own_user.is_empty() {
        let (us, needs) = if rustix::process::geteuid().is_root() {
            ("root, as Signalbox does", "")
        } else {
            ("Signalbox's own user", " (needs a Signalbox that runs as root)")
        };
        say(&format!(
            "Actions: {} run as {us}. They can read its secret key, its database and each other's \
             secrets. Give each a user of its own: useradd --system NAME, then user = \"NAME\" in \
             its file{needs}.",
            own_user.join(", ")
        ));
    }
    let names: Vec<String> = catalogue.names().collect();
    say(&format!("Actions: {}.", names.join(", ")));
}
