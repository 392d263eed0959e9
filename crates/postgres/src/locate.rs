//! Finds the server programs, `initdb` and `postgres`.

use super::error::{ClusterError, while_doing};
use signalbox_process::Launch;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The folder of the programs of one version.
#[derive(Debug)]
pub(super) struct Programs(PathBuf);

impl Programs {
    pub(super) fn initdb_path(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub(super) fn postgres_path(&self) -> PathBuf {
        self.0.join("postgres")
    }
}

/// Where Debian puts each version's programs: `…/15/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs to use: those of `pg_bin` if it is given, else the first of `pg_config`'s folder,
/// Debian's newest and `PATH`; for data that exists, the first of the version that made it.
///
/// # Errors
/// [`ClusterError::NoPrograms`], or [`ClusterError::OtherVersion`] for data of another version.
pub(super) async fn find_programs(
    pg_bin: Option<&Path>,
    data: &Path,
) -> Result<Programs, ClusterError> {
    let (mut folders, looked) = match pg_bin {
        Some(folder) => (vec![folder.to_owned()], format!("SIGNALBOX_PG_BIN={}", folder.display())),
        None => (known_folders().await, format!("pg_config, {DEBIAN}/*/bin, PATH")),
    };
    folders.retain(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()));
    let wanted = std::fs::read_to_string(data.join("PG_VERSION")).ok();
    let Some(wanted) = wanted.as_deref().map(str::trim) else {
        let first = folders.into_iter().next();
        return first.map(Programs).ok_or(ClusterError::NoPrograms { looked });
    };
    let mut found = Vec::new();
    for folder in folders {
        let version = major_version(&folder).await?;
        if version == wanted {
            return Ok(Programs(folder));
        }
        found.push(version);
    }
    if found.is_empty() {
        return Err(ClusterError::NoPrograms { looked });
    }
    let (data, wanted, found) = (data.to_owned(), wanted.to_owned(), found.join(", "));
    Err(ClusterError::OtherVersion { data, wanted, found })
}

async fn known_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).filter(|f| f.is_absolute()).collect();
    let mut folders = Vec::new();
    if let Some(pg_config) = on_path.iter().map(|f| f.join("pg_config")).find(|f| f.is_file())
        && let Ok(told) = Launch::for_program(pg_config).args(["--bindir"]).collect_output().await
    {
        folders.push(PathBuf::from(told.stdout.trim()));
    }
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    debian.sort_by_key(|folder| std::cmp::Reverse(version_number(folder.file_name())));
    folders.extend(debian.into_iter().map(|folder| folder.join("bin")));
    folders.extend(on_path);
    folders
}

/// A version's folder name as a number, so that 9.6 comes after 15.
fn version_number(name: Option<&OsStr>) -> u32 {
    let name = name.and_then(OsStr::to_str).unwrap_or_default();
    name.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

/// `15` of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
async fn major_version(folder: &Path) -> Result<String, ClusterError> {
    let program = folder.join("postgres");
    let launch = Launch::for_program(&program).args(["--version"]);
    let told = launch.collect_output().await.map_err(while_doing("running", &program))?;
    let version = told.stdout.split_whitespace().nth(2).unwrap_or_default();
    Ok(version.chars().take_while(char::is_ascii_digit).collect())
}
