//! The command line: each command parses, puts the program together and calls. No rules here.

mod check;
mod exposed;
mod prune;
mod rotate;
mod serve;
mod transfer;
mod users;

use crate::config::{RawSettings, Settings};
use crate::telemetry;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use exposed::Exposed;
use signalbox_process::{close_to_others, forget_variables};
use std::io::Write;
use std::process::ExitCode;

/// Receives GitLab's webhooks, matches them to the webhooks kept in a panel, and runs each match
/// as a durable job.
#[derive(Debug, Parser)]
#[command(name = "signalbox", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: RawSettings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Web server and in-process worker (the default)
    Serve(serve::Serve),
    /// Worker only: any number may share one PostgreSQL
    Worker(serve::Worker),
    /// Migrate the database to the current schema
    Migrate,
    /// Create an administrator
    Createsuperuser(users::CreateSuperuser),
    /// Set a user's password and end their sessions
    Changepassword(users::ChangePassword),
    /// Print all webhooks as YAML, with secrets by reference only
    Export,
    /// Add and change webhooks from a file of `export`; importing it again changes nothing
    Import(transfer::Import),
    /// Show how a file of `export` differs from the webhooks here; exits 1 if it does
    Diff(transfer::Diff),
    /// Remove what has expired now
    Prune,
    /// Seal all secrets with another secret key; no server or worker may run
    RotateSecretKey(rotate::RotateSecretKey),
    /// Check settings, database and actions, and list every fault
    Check,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    if let Err(error) = close_to_others() {
        print_error(&format!("signalbox: other processes can look into this one: {error}"));
    }
    let command = Cli::command();
    let matches = command.clone().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // What holds a secret has been read: a look into the environment finds none.
    forget_variables(&exposed::secret_variables(&command));
    match run_command(cli, &exposed::find_exposed(&command, &matches)) {
        Ok(code) => code,
        Err(error) => {
            print_error(&format!("signalbox: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run_command(cli: Cli, exposed: &[Exposed]) -> anyhow::Result<ExitCode> {
    let settings = Settings::from_raw(cli.settings)?;
    telemetry::start_log(&settings.log, settings.log_format)?;
    for Exposed { flag, variable } in exposed {
        tracing::warn!(
            "--{flag} holds a secret that every user of this machine can read in the list of \
             processes; set {variable} instead"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match cli.command.unwrap_or(Command::Serve(serve::Serve::default())) {
            Command::Serve(command) => serve::serve_command(command, settings).await,
            Command::Worker(command) => serve::worker_command(command, settings).await,
            Command::Migrate => serve::migrate_command(settings).await,
            Command::Createsuperuser(command) => users::create_superuser(command, settings).await,
            Command::Changepassword(command) => users::change_password(command, settings).await,
            Command::Export => transfer::export_file(settings).await,
            Command::Import(command) => transfer::bring_in(command, settings).await,
            Command::Diff(command) => transfer::diff_file(command, settings).await,
            Command::Prune => prune::prune_now(settings).await,
            Command::RotateSecretKey(command) => rotate::rotate_key(command, settings).await,
            Command::Check => check::check_settings(settings).await,
        }
    })
}

/// Says something to the person at the terminal.
fn print_line(text: &str) {
    // A closed standard output is no reason to stop serving.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn print_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
