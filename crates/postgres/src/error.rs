//! Why there is no embedded PostgreSQL, each as a sentence that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A cluster that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server programs, or not where the setting says.
    #[error(
        "no PostgreSQL server programs found ({looked}): install the Debian package `postgresql` \
         (apt-get install postgresql), name their folder in SIGNALBOX_PG_BIN, or set DATABASE_URL \
         to a server that runs already"
    )]
    NoPrograms {
        /// Where they were looked for.
        looked: String,
    },
    /// The data was made by another major version than the programs found.
    #[error(
        "{} was made by PostgreSQL {wanted}, and only version {found} was found: install the \
         Debian package `postgresql-{wanted}`, or name its programs' folder in SIGNALBOX_PG_BIN",
        data.display()
    )]
    OtherVersion {
        /// The cluster's data.
        data: PathBuf,
        /// The version it needs.
        wanted: String,
        /// The versions there are.
        found: String,
    },
    /// Another Signalbox has it.
    #[error(
        "another Signalbox (process {pid}) uses the data directory {}: stop it, or set \
         SIGNALBOX_DATA_DIR to another one",
        data_dir.display()
    )]
    InUse {
        /// The directory.
        data_dir: PathBuf,
        /// The other's process number, as it wrote it down.
        pid: String,
    },
    /// The server's user cannot walk down to its folder.
    #[error(
        "user {uid}, as whom PostgreSQL is run since it refuses root, cannot enter {}: set \
         SIGNALBOX_DATA_DIR to a place it can reach, as /var/lib/signalbox",
        blocked.display()
    )]
    OutOfReach {
        /// The user.
        uid: u32,
        /// The first directory that is closed to it.
        blocked: PathBuf,
    },
    /// Root has nobody to run the server as.
    #[error("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")]
    NoUser,
    /// The folder is somebody else's.
    #[error(
        "{} belongs to user {owner}: run Signalbox as that user or as root, or set \
         SIGNALBOX_DATA_DIR to another directory",
        folder.display()
    )]
    OtherOwner {
        /// The folder.
        folder: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// No socket can stand there.
    #[error(
        "a unix socket cannot be {}: its path has {length} bytes, at most {max} may be, and \
         commas may not: set SIGNALBOX_DATA_DIR to a shorter or simpler path",
        socket.display()
    )]
    SocketPath {
        /// The socket.
        socket: PathBuf,
        /// Its length in bytes.
        length: usize,
        /// The most there may be.
        max: usize,
    },
    /// A file or process could not be handled.
    #[error("{doing} failed: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
    /// The server does not answer.
    #[error("PostgreSQL did not answer within {seconds} s; its log is {}: {said}", log.display())]
    NoAnswer {
        /// How long we waited.
        seconds: u64,
        /// Where its log is.
        log: PathBuf,
        /// What connecting last ended with.
        said: String,
    },
    /// It answers, but the database could not be made.
    #[error("creating the database signalbox failed: {0}")]
    Database(#[from] tokio_postgres::Error),
}

/// Adds what was tried to what the operating system says.
pub(super) fn while_doing(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let doing = format!("{verb} {}", path.display());
    move |source| ClusterError::Io { doing, source }
}
