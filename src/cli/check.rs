//! `check`: says every fault of settings, catalogue and database.
//!
//! Faults of the settings have been said before this is reached.

use super::{print_error, print_line};
use crate::app::{self, Database};
use crate::config::Settings;
use signalbox_actions::{Catalogue, secrets_missing};
use signalbox_core::action::{ActionKind, ActionSpec};
use signalbox_store::migrate;
use std::process::ExitCode;

pub(super) async fn check_settings(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut faults = Vec::new();
    print_line("Settings: valid.");
    let warnings = check_catalogue(&settings, &mut faults);
    match Database::join_running(&settings).await {
        Ok(database) => {
            match migrate::pending_migrations(&database.url).await {
                Ok(pending) if pending.is_empty() => {
                    print_line("Database: reachable, schema up to date.");
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
            database.stop_server().await;
        }
        Err(error) => faults.push(format!("Database: {error:#}")),
    }
    for fault in &faults {
        print_error(fault);
    }
    if faults.is_empty() {
        print_line(&match warnings {
            0 => "No faults.".to_owned(),
            1 => "No faults. 1 warning, see above.".to_owned(),
            n => format!("No faults. {n} warnings, see above."),
        });
        return Ok(ExitCode::SUCCESS);
    }
    print_error(&match faults.len() {
        1 => "1 fault.".to_owned(),
        n => format!("{n} faults."),
    });
    Ok(ExitCode::FAILURE)
}

/// Whether it is the database's; where there is none yet, the first start makes it.
async fn secret_key(settings: &Settings, database: &Database) -> anyhow::Result<()> {
    let pool = database.build_pool(settings)?;
    app::secret_key::find_known_keys(settings, &mut *pool.get_conn().await?).await?;
    Ok(())
}

/// Whether what it runs can do what Signalbox can.
fn runs_as_us(spec: &ActionSpec) -> bool {
    match &spec.kind {
        ActionKind::Command(command) => command.user.is_none(),
        ActionKind::Http(_) | ActionKind::Container(_) => false,
    }
}

/// Notes the catalogue's faults; prints and counts what is none yet should be known.
fn check_catalogue(settings: &Settings, faults: &mut Vec<String>) -> usize {
    let mut warnings = Vec::new();
    let dir = &settings.worker.actions_dir;
    let found = if dir.is_dir() {
        Catalogue::load_directory(Some(dir.as_path()))
    } else {
        print_line(&format!("Actions: {} does not exist; only built-in actions.", dir.display()));
        Catalogue::load_directory(None)
    };
    let (catalogue, found) = found;
    faults.extend(found.iter().map(|fault| format!("Actions: {fault}")));
    for spec in catalogue.entries() {
        if let Some(reason) = secrets_missing(&spec) {
            // No fault of the entry's: a shipped example waits for its secret, and the worker's
            // environment may be another than this one.
            warnings.push(format!("{} cannot be run from here: {reason}.", spec.name));
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
        warnings.push(format!(
            "{} run as {us}. They can read its secret key, its database and each other's \
             secrets. Give each a user of its own: useradd --system NAME, then user = \"NAME\" in \
             its file{needs}.",
            own_user.join(", ")
        ));
    }
    for warning in &warnings {
        print_line(&format!("Actions: warning: {warning}"));
    }
    let names: Vec<String> = catalogue.names().collect();
    print_line(&format!("Actions: {}.", names.join(", ")));
    warnings.len()
}
