//! `rotate-secret-key`.

use super::print_line;
use crate::app::Database;
use crate::app::secret_key::{self, Rotated};
use crate::config::Settings;
use clap::Args;
use secrecy::SecretString;
use std::process::ExitCode;

/// The fewest characters of a new key.
const MIN_CHARS: usize = 32;

#[derive(Debug, Args)]
pub(super) struct RotateSecretKey {
    /// The new secret key, where `SIGNALBOX_SECRET_KEY` has the present one; else a file is made
    #[arg(long, env = "SIGNALBOX_NEW_SECRET_KEY", hide_env_values = true, value_parser = new_key)]
    new_secret_key: Option<SecretString>,
}

fn new_key(text: &str) -> Result<SecretString, String> {
    if text.chars().count() < MIN_CHARS {
        return Err(format!("it has fewer than {MIN_CHARS} characters"));
    }
    Ok(text.to_owned().into())
}

pub(super) async fn rotate_key(
    command: RotateSecretKey,
    settings: Settings,
) -> anyhow::Result<ExitCode> {
    let database = Database::join_running(&settings).await?;
    let rotated = rotate_in_database(command, &settings, &database).await;
    database.stop_server().await;
    let is_set = settings.secret_key.is_some();
    match rotated? {
        Rotated::Resealed(count) => {
            print_line(&format!("Sealed {count} secrets with the new secret key."));
        }
        Rotated::Already => print_line("The database has the new secret key already."),
    }
    print_line(if is_set {
        "Set SIGNALBOX_SECRET_KEY to the new secret key, then start. Users sign in again."
    } else {
        "Back up the new secret key, then start. Users sign in again."
    });
    Ok(ExitCode::SUCCESS)
}

async fn rotate_in_database(
    command: RotateSecretKey,
    settings: &Settings,
    database: &Database,
) -> anyhow::Result<Rotated> {
    let pool = database.build_pool(settings)?;
    secret_key::rotate_secret_key(settings, command.new_secret_key, &mut *pool.get_conn().await?)
        .await
}
