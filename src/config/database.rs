//! Settings of the database and the data directory.

use super::{Faults, non_empty_path};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use signalbox_store::address;
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub(super) struct RawDatabase {
    /// PostgreSQL 15 to 17, `postgres://…`; unset: an embedded private PostgreSQL in the data directory
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    database_url: Option<SecretString>,
    /// Connections of each of the two pools (panel; worker); the intake and the taking of jobs have 3 each beside them
    #[arg(
        long,
        env = "SIGNALBOX_DATABASE_POOL",
        value_name = "N",
        default_value = "8",
        global = true
    )]
    database_pool: String,
    /// Embedded database and generated secret key [default: ./var; as root, where ./var cannot be reached by the database's user, /var/lib/signalbox]
    #[arg(long, env = "SIGNALBOX_DATA_DIR", value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Folder of the PostgreSQL server programs; unset: searched for
    #[arg(long, env = "SIGNALBOX_PG_BIN", value_name = "DIR", global = true)]
    pg_bin: Option<PathBuf>,
}

/// Where data is kept.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The server's address; none = the embedded one. It may hold a password.
    pub url: Option<SecretString>,
    /// Connections of each pool.
    pub pool: usize,
    /// The data directory, if one is set.
    pub data_dir: Option<PathBuf>,
    /// The folder of the server programs, if one is set.
    pub pg_bin: Option<PathBuf>,
}

impl DatabaseSettings {
    pub(super) fn from_raw(raw: RawDatabase, faults: &mut Faults) -> Self {
        let url = raw.database_url.filter(|url| !url.expose_secret().is_empty());
        let url = url.and_then(|url| match read_address(url.expose_secret()) {
            Ok(url) => Some(SecretString::from(url)),
            Err(fault) => {
                faults.add_fault("DATABASE_URL", fault);
                None
            }
        });
        Self {
            url,
            pool: faults.parse_number("SIGNALBOX_DATABASE_POOL", &raw.database_pool, 2..=100),
            data_dir: non_empty_path(raw.data_dir),
            pg_bin: non_empty_path(raw.pg_bin),
        }
    }
}

/// The address, completed. It is never quoted: it may hold a password.
fn read_address(url: &str) -> Result<String, String> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err("it does not begin with postgres:// or postgresql://".to_owned());
    }
    address::complete_address(url).map_err(|error| format!("it is no address: {error}"))
}
