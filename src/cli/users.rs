//! `createsuperuser` and `changepassword`.

use super::print_line;
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
    let password = read_password(&settings, command.noinput)?;
    let database = Database::join_running(&settings).await?;
    let made = create_account(&settings, &database, Credentials { username, password }).await;
    database.stop_server().await;
    print_line(&format!("Created the administrator {}.", made?));
    Ok(ExitCode::SUCCESS)
}

async fn create_account(
    settings: &Settings,
    database: &Database,
    credentials: Credentials,
) -> anyhow::Result<String> {
    database.apply_migrations().await?;
    let pool = database.build_pool(settings)?;
    Ok(users::create_superuser(&pool, credentials, asked_here(settings)).await?.username)
}

pub(super) async fn change_password(
    command: ChangePassword,
    settings: Settings,
) -> anyhow::Result<ExitCode> {
    let password = read_password(&settings, command.noinput)?;
    let database = Database::join_running(&settings).await?;
    let username = command.username.clone();
    let changed = replace_password(&settings, &database, Credentials { username, password }).await;
    database.stop_server().await;
    changed?;
    print_line(&format!(
        "Changed the password of {}; their sessions have ended.",
        command.username
    ));
    Ok(ExitCode::SUCCESS)
}

async fn replace_password(
    settings: &Settings,
    database: &Database,
    credentials: Credentials,
) -> anyhow::Result<()> {
    database.apply_migrations().await?;
    let pool = database.build_pool(settings)?;
    Ok(users::change_password(&pool, credentials, asked_here(settings)).await?)
}

fn asked_here(settings: &Settings) -> Asked<'static> {
    Asked { at: clock::now(), remote_addr: "", cost: app::password_cost(settings) }
}

/// From the environment, else asked for twice.
fn read_password(settings: &Settings, noinput: bool) -> anyhow::Result<SecretString> {
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
