//! `createsuperuser` and `changepassword`.

use super::say;
use crate::accounts::users::{self, Asked, Credentials};
use crate::app::{self, Database};
use crate::clock;
use crate::config::Settings;
use anyhow::{Context, bail};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct CreateSuperuser {
    /// The name to sign in with
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Ask nothing: the password is in `SIGNALBOX_SUPERUSER_PASSWORD`
    #[arg(long)]
    noinput: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChangePassword {
    /// Whose password
    #[arg(value_name = "NAME")]
    username: String,
    /// Ask nothing: the password is in `SIGNALBOX_SUPERUSER_PASSWORD`
    #[arg(long)]
    noinput: bool,
}

pub(super) async fn create_superuser(
    command: CreateSuperuser,
    settings: Settings,
) -> anyhow::Result<ExitCode> {
    let username = users::clean_name(&command.username)?.to_owned();
    let password = password(&settings, command.noinput)?;
    let database = Database::join(&settings).await?;
    let made = create(&settings, &database, Credentials { username, password }).await;
    database.close().await;
    say(&format!("Created the administrator {}.", made?));
    Ok(ExitCode::SUCCESS)
}

async fn create(
    settings: &Settings,
    database: &Database,
    credentials: Credentials,
) -> anyhow::Result<String> {
    database.migrate().await?;
    let pool = database.pool(settings)?;
    Ok(users::create_superuser(&pool, credentials, asked(settings)).await?.username)
}

pub(super) async fn change_password(
    command: ChangePassword,
    settings: Settings,
) -> anyhow::Result<ExitCode> {
    let password = password(&settings, command.noinput)?;
    let database = Database::join(&settings).await?;
    let username = command.username.clone();
    let changed = change(&settings, &database, Credentials { username, password }).await;
    database.close().await;
    changed?;
    say(&format!("Changed the password of {}; their sessions have ended.", command.username));
    Ok(ExitCode::SUCCESS)
}

async fn change(
    settings: &Settings,
    database: &Database,
    credentials: Credentials,
) -> anyhow::Result<()> {
    database.migrate().await?;
    let pool = database.pool(settings)?;
    Ok(users::change_password(&pool, credentials, asked(settings)).await?)
}

fn asked(settings: &Settings) -> Asked<'static> {
    Asked { at: clock::now(), remote_addr: "", cost: app::cost(settings) }
}

/// From the environment, else asked for twice.
fn password(settings: &Settings, noinput: bool) -> anyhow::Result<SecretString> {
    if let Some(password) = &settings.superuser_password {
        return Ok(password.clone());
    }
    if noinput {
        bail!("--noinput needs the password in SIGNALBOX_SUPERUSER_PASSWORD");
    }
    let ask = |prompt: &str| -> anyhow::Result<SecretString> {
        let typed = rpassword::prompt_password(prompt)
            .context("Failed to ask for a password: set SIGNALBOX_SUPERUSER_PASSWORD")?;
        Ok(typed.into())
    };
    let password = ask("Password: ")?;
    if ask("Repeat password: ")?.expose_secret() != password.expose_secret() {
        bail!("The two passwords are not the same");
    }
    Ok(password)
}
