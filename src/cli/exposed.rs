//! Secrets on the command line, which `ps` shows to everybody, and in the environment.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use secrecy::{ExposeSecret, SecretString};
use std::ffi::OsString;

/// A secret that was given as a flag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exposed {
    /// The flag.
    pub flag: String,
    /// The environment variable that takes it as well.
    pub variable: String,
}

/// The flags that hold one: those whose variable's value is not shown in `--help`.
pub(super) fn find_exposed(command: &Command, matches: &ArgMatches) -> Vec<Exposed> {
    let of_command = command.get_arguments().filter(|arg| is_exposed(arg, matches));
    let mut found: Vec<Exposed> = of_command
        .map(|arg| Exposed {
            flag: arg.get_long().unwrap_or_default().to_owned(),
            variable: arg.get_env().unwrap_or_default().to_string_lossy().into_owned(),
        })
        .collect();
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        found.extend(find_exposed(command, matches));
    }
    found
}

/// The environment variables that hold a secret, of all commands.
pub(super) fn secret_variables(command: &Command) -> Vec<OsString> {
    let own = command.get_arguments().filter(|arg| arg.is_hide_env_values_set());
    let below = command.get_subcommands().flat_map(secret_variables);
    own.filter_map(Arg::get_env).map(ToOwned::to_owned).chain(below).collect()
}

fn is_exposed(arg: &Arg, matches: &ArgMatches) -> bool {
    let id = arg.get_id().as_str();
    arg.is_hide_env_values_set()
        && matches.value_source(id) == Some(ValueSource::CommandLine)
        && matches.get_one::<SecretString>(id).is_some_and(|text| is_secret(text.expose_secret()))
}

/// A database's address is one only with a password.
fn is_secret(text: &str) -> bool {
    let address = url::Url::parse(text).ok().filter(|url| url.scheme().starts_with("postgres"));
    address.is_none_or(|url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}
