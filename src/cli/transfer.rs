//! `export`, `import` and `diff`: webhooks as YAML. Secrets are named in the file, by the
//! environment variable that holds them, and are never in it.

use super::{print_error, print_line};
use crate::app::{self, Database, secret_key};
use crate::clock;
use crate::config::Settings;
use crate::webhooks::Act;
use crate::webhooks::transfer::{
    ImportError, Imported, Kind, Plan, Secrets, Setting, Step, export_webhooks, import_document,
    plan_import,
};
use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use signalbox_core::transfer::{self, Document};
use signalbox_store::Pool;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

/// What `diff` exits with when file and database differ, as `diff` of the shell does.
const DIFFERS: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Ask for no secrets: import webhooks without one as disabled
    #[arg(long)]
    without_secrets: bool,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The file; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn export_file(settings: Settings) -> anyhow::Result<ExitCode> {
    let text = with_pool(&settings, async |pool| {
        let webhooks = export_webhooks(&mut *pool.get_conn().await?).await?;
        Ok(transfer::write_document(webhooks)?)
    })
    .await?;
    print_line(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn diff_file(command: Diff, settings: Settings) -> anyhow::Result<ExitCode> {
    let file = read_file(&command.file)?;
    let plan = with_pool(&settings, async |pool| {
        Ok(plan_import(&mut *pool.get_conn().await?, &file).await?)
    })
    .await?;
    for step in &plan.steps {
        print_step(step);
    }
    for label in &plan.only_here {
        print_line(&format!("- {label}: only here"));
    }
    if plan.is_same() {
        print_line("No differences.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(DIFFERS.into())
}

fn print_step(step: &Step) {
    match &step.kind {
        Kind::Same => {}
        Kind::New => print_line(&format!("+ {}: only in the file", step.label)),
        Kind::Different(differences) => {
            print_line(&format!("~ {}", step.label));
            for difference in differences {
                let (here, file) = (&difference.here, &difference.file);
                print_line(&format!("    {}: {here} here, {file} in the file", difference.field));
            }
        }
    }
}

pub(super) async fn bring_in(command: Import, settings: Settings) -> anyhow::Result<ExitCode> {
    let mut file = read_file(&command.file)?;
    let done = with_pool(&settings, async |pool| {
        let mut conn = pool.get_conn().await?;
        let plan = plan_import(&mut conn, &file).await?;
        let secrets = collect_secrets(&mut file, &plan, command.without_secrets)?;
        let keys = secret_key::unlock_keys(&settings, &mut conn).await?;
        let catalogue = app::load_catalogue(&settings);
        let setting = Setting {
            action: &|name| catalogue.get(name),
            allow_no_secret: settings.web.allow_no_secret,
            act: &|| Act {
                actor: None,
                remote_addr: "",
                keys: &keys,
                nonce: clock::random_bytes(),
                now: clock::now(),
            },
        };
        Ok(import_document(&mut conn, &file, &secrets, &setting).await)
    })
    .await?;
    match done {
        Ok(Imported { added, changed, same }) => {
            print_line(&format!("{added} added, {changed} changed, {same} unchanged."));
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Faults(faults)) => {
            for (label, fault) in &faults {
                print_error(&format!("{label}: {}: {}", fault.field, fault.message));
            }
            bail!("Failed to import: {} faults; nothing was changed", faults.len())
        }
        Err(error) => Err(error).context("Failed to import; nothing was changed"),
    }
}

async fn with_pool<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Pool) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::join_running(settings).await?;
    let done = async {
        database.apply_migrations().await?;
        work(&database.build_pool(settings)?).await
    }
    .await;
    database.stop_server().await;
    done
}

fn read_file(path: &PathBuf) -> anyhow::Result<Document> {
    let name = path.display();
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("Failed to read {name}"))?;
    transfer::read_document(&text).with_context(|| format!("{name} is not a file of webhooks"))
}

/// The secrets that the file names: from the environment, or typed where somebody is there to
/// type. Those of webhooks that have one here already are not asked for.
fn collect_secrets(file: &mut Document, plan: &Plan, without: bool) -> anyhow::Result<Secrets> {
    let mut secrets = Secrets::new();
    let mut missing = BTreeSet::new();
    let webhooks = file.webhooks.iter_mut().zip(&plan.steps);
    for (webhook, step) in webhooks {
        for reference in webhook.secret_token.iter().chain(&webhook.signing_token) {
            let name = &reference.env;
            if secrets.contains_key(name) {
                continue;
            }
            if let Some(secret) = read_variable(name)? {
                secrets.insert(name.clone(), secret);
            } else if step.wants.contains(name) && without {
                webhook.enabled = false;
            } else if step.wants.contains(name) && std::io::stdin().is_terminal() {
                let prompt = format!("{} ({name}): ", step.label);
                let typed = rpassword::prompt_password(prompt).context("No secret was entered")?;
                secrets.insert(name.clone(), typed.into());
            } else if step.wants.contains(name) {
                missing.insert(format!("{name} (of {})", step.label));
            }
        }
    }
    if missing.is_empty() {
        return Ok(secrets);
    }
    let missing: Vec<String> = missing.into_iter().collect();
    bail!(
        "Failed to import: set these environment variables, or give --without-secrets to import \
         their webhooks as disabled: {}",
        missing.join(", ")
    )
}

#[expect(clippy::disallowed_methods, reason = "the file says which variables hold its secrets")]
fn read_variable(name: &str) -> anyhow::Result<Option<SecretString>> {
    match std::env::var(name) {
        Ok(secret) if secret.is_empty() => bail!("The environment variable {name} is empty"),
        Ok(secret) => Ok(Some(secret.into())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => bail!("The environment variable {name} is not UTF-8"),
    }
}
