//! The cluster's folder: where it stands, whose it is, and that nobody else uses it.
//!
//! ```text
//! <data directory>/            ours
//!   postgres.lock              locked while we live: one Signalbox to a directory
//!   postgres/                  0700, the server's user's
//!     data/  run/  server.log  run/ has the socket
//! ```

use super::error::{ClusterError, while_doing};
use signalbox_process::Ids;
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The socket's name in its folder: PostgreSQL's port, which is only a name here.
const SOCKET: &str = ".s.PGSQL.5432";

/// The longest path of a socket, in bytes. Source: unix(7), `sun_path` without its NUL.
const MAX_SOCKET_BYTES: usize = 107;

/// Where root keeps data that the server's user could not reach under `./var`.
const SYSTEM_DATA_DIR: &str = "/var/lib/signalbox";

/// The server's folder in the data directory, and the socket's in that.
const FOLDER: &str = "postgres";
const RUN: &str = "run";

/// The socket's folder below a data directory.
pub(super) fn run_folder(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER).join(RUN)
}

/// The data directory: `given`, else `./var`, else, if we are root and the database's user cannot
/// reach `./var`, `/var/lib/signalbox`.
pub fn choose_data_dir(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| {
        let beside_us = std::path::absolute("var").unwrap_or_else(|_| PathBuf::from("var"));
        default_data_dir(beside_us, we_are_root().then(|| system_user().ok()).flatten())
    })
}

pub(super) fn default_data_dir(beside_us: PathBuf, server: Option<Ids>) -> PathBuf {
    let blocked = server.and_then(|server| blocked_at(&beside_us, server));
    if blocked.is_some() { PathBuf::from(SYSTEM_DATA_DIR) } else { beside_us }
}

/// A prepared folder; nobody else may use it until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// Who the server runs as, if not as we do.
    pub(super) user: Option<Ids>,
    _lock: File,
}

impl Place {
    /// Makes the folder if it is not there, and takes it.
    pub(super) fn prepare_folder(data_dir: &Path) -> Result<Self, ClusterError> {
        if !data_dir.is_dir() {
            let mut builder = DirBuilder::new();
            builder.recursive(true).create(data_dir).map_err(while_doing("creating", data_dir))?;
            // Others walk through, to what is theirs below, but see nothing.
            let mode = Permissions::from_mode(if we_are_root() { 0o711 } else { 0o700 });
            fs::set_permissions(data_dir, mode).map_err(while_doing("closing", data_dir))?;
        }
        let data_dir = data_dir.canonicalize().map_err(while_doing("finding", data_dir))?;
        let lock = lock_directory(&data_dir)?;
        let folder = data_dir.join(FOLDER);
        let user = if we_are_root() { Some(server_user(&folder)?) } else { None };
        if let Some(user) = user
            && let Some(blocked) = blocked_at(&data_dir, user)
        {
            return Err(ClusterError::OutOfReach { uid: user.uid, blocked });
        }
        let place = Self { folder, user, _lock: lock };
        place.check_socket()?;
        for folder in [&place.folder, &place.run_folder()] {
            place.make_folder(folder)?;
        }
        Ok(place)
    }

    pub(super) fn data_folder(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn run_folder(&self) -> PathBuf {
        self.folder.join(RUN)
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    pub(super) fn hba_file(&self) -> PathBuf {
        self.folder.join("hba.conf")
    }

    /// Says who gets in. The server's user may read it; nobody else comes into the folder.
    pub(super) fn write_hba(&self, rules: &str) -> Result<(), ClusterError> {
        let (hba, new) = (self.hba_file(), self.folder.join("hba.conf.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(while_doing("removing", &new)(error));
            }
            Ok(()) | Err(_) => {}
        }
        let write = || {
            // Never through a link that the server's user left there.
            let mut file = File::options().write(true).create_new(true).open(&new)?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.write_all(rules.as_bytes())?;
            fs::rename(&new, &hba)
        };
        write().map_err(while_doing("writing", &hba))
    }

    pub(super) fn socket_lock(&self) -> PathBuf {
        self.run_folder().join(format!("{SOCKET}.lock"))
    }

    fn check_socket(&self) -> Result<(), ClusterError> {
        let (socket, max) = (self.run_folder().join(SOCKET), MAX_SOCKET_BYTES);
        let length = socket.as_os_str().len();
        // A comma separates two servers in a connection's address.
        let sound = length <= max && socket.to_str().is_some_and(|path| !path.contains(','));
        if sound { Ok(()) } else { Err(ClusterError::SocketPath { socket, length, max }) }
    }

    /// Makes a folder for the server's user alone.
    fn make_folder(&self, folder: &Path) -> Result<(), ClusterError> {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(while_doing("creating", folder)(error));
            }
            Ok(()) | Err(_) => {}
        }
        let metadata = fs::symlink_metadata(folder).map_err(while_doing("looking at", folder))?;
        let owner = metadata.uid();
        if let Some(Ids { uid, gid }) = self.user
            && owner == 0
        {
            chown(folder, Some(uid), Some(gid)).map_err(while_doing("giving away", folder))?;
        } else if owner != self.user.map_or_else(our_uid, |user| user.uid) {
            return Err(ClusterError::OtherOwner { folder: folder.to_owned(), owner });
        }
        fs::set_permissions(folder, Permissions::from_mode(0o700))
            .map_err(while_doing("closing", folder))
    }
}

/// Locks the directory for this process. The kernel undoes it however we end.
fn lock_directory(data_dir: &Path) -> Result<File, ClusterError> {
    let path = data_dir.join("postgres.lock");
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut lock = options.open(&path).map_err(while_doing("opening", &path))?;
    match lock.try_lock() {
        Ok(()) => {
            lock.set_len(0).map_err(while_doing("writing", &path))?;
            write!(lock, "{}", std::process::id()).map_err(while_doing("writing", &path))?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            lock.read_to_string(&mut pid).map_err(while_doing("reading", &path))?;
            Err(ClusterError::InUse { data_dir: data_dir.to_owned(), pid })
        }
        Err(TryLockError::Error(error)) => Err(while_doing("locking", &path)(error)),
    }
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn we_are_root() -> bool {
    our_uid() == 0
}

/// Whom root runs the server as: whoever made the data, else `postgres`, else `nobody`.
fn server_user(folder: &Path) -> Result<Ids, ClusterError> {
    match fs::metadata(folder) {
        Ok(made) if made.uid() != 0 => Ok(Ids { uid: made.uid(), gid: made.gid() }),
        _ => system_user(),
    }
}

fn system_user() -> Result<Ids, ClusterError> {
    let passwd = Path::new("/etc/passwd");
    let users = fs::read_to_string(passwd).map_err(while_doing("reading", passwd))?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| find_user(&users, name))
        .ok_or(ClusterError::NoUser)
}

/// A user of a passwd file. Source: passwd(5).
pub(super) fn find_user(users: &str, name: &str) -> Option<Ids> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        Some(Ids { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

/// The first directory down to `path` that a user may not walk through; what does not exist yet
/// does not count.
pub(super) fn blocked_at(path: &Path, user: Ids) -> Option<PathBuf> {
    let mut down: Vec<&Path> = path.ancestors().filter(|p| !p.as_os_str().is_empty()).collect();
    down.reverse();
    let closed = |directory: &&&Path| {
        fs::metadata(directory).is_ok_and(|metadata| {
            let bit = match () {
                () if metadata.uid() == user.uid => 0o100,
                () if metadata.gid() == user.gid => 0o010,
                () => 0o001,
            };
            metadata.mode() & bit == 0
        })
    };
    down.iter().find(closed).map(|directory| directory.to_path_buf())
}

/// A path as a parameter of a connection's address: everything but letters, digits, `/` and a few
/// marks as `%XX`, since one reader takes `+` for a space and another does not.
pub(super) fn percent_encoded(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let encode = |byte: &u8| match *byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.as_os_str().as_bytes().iter().map(encode).collect()
}
