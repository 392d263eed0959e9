//! One PostgreSQL server for a test run, thrown away afterwards.
//!
//! Its own cluster in a temporary folder, without fsync, on a unix socket only; or the server that
//! `SIGNALBOX_TEST_DATABASE_URL` names. A guard (a shell) owns the server and reads from a pipe
//! that only this process holds: however the tests end, by the last line or by a kill, the pipe
//! closes, and the guard stops the server, ends the programs under test and deletes the folder.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// The guard. `$1`: folder; `$2`: folder of the server programs; `$3`: user to run them as, or
/// empty. It answers one line, `ready` or a reason, then reads `run PID` and `ended PID`.
const GUARD: &str = r#"
set -u
folder=$1 bin=$2 user=$3 running=' '
cd "$folder" || exit 1
set --
if [ -n "$user" ]; then set -- setpriv --reuid="$user" --regid="$user" --init-groups; fi
fail() { tr '\n' ' ' <"$1"; echo; rm -rf "$folder"; exit 1; }
"$@" "$bin/initdb" -D "$folder/data" -U tests --auth=trust --no-sync -E UTF8 --locale=C \
    >initdb.log 2>&1 || fail initdb.log
"$@" "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
    -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 \
    -c shared_buffers=64MB -c max_wal_size=2GB -c autovacuum=off >server.log 2>&1 &
server=$!
until "$@" "$bin/pg_isready" -q -h "$folder" -d postgres -U tests; do
    kill -0 "$server" || fail server.log
    sleep 0.05
done
echo ready
while read -r word pid; do
    case $word in
    run) running="$running$pid " ;;
    ended) running=$(printf '%s' "$running" | sed "s/ $pid / /") ;;
    esac
done
# With its children, if it leads a group.
for pid in $running; do kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null; done
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// The server of this run; started when first asked for.
pub static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

/// A running server.
pub struct Cluster {
    address: Address,
    guard: Option<Mutex<Child>>,
}

enum Address {
    Socket(PathBuf),
    Given(url::Url),
}

impl Cluster {
    #[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
    fn start() -> Self {
        if let Ok(given) = std::env::var("SIGNALBOX_TEST_DATABASE_URL") {
            let url = given.parse().expect("SIGNALBOX_TEST_DATABASE_URL is not an address");
            return Self { address: Address::Given(url), guard: None };
        }
        let bin = server_programs();
        // Short, since a socket's path is at most 107 bytes long.
        let folder = tempfile::Builder::new().prefix("signalbox-").tempdir().unwrap().keep();
        let user = server_user();
        if let Some((_, uid, gid)) = &user {
            chown(&folder, Some(*uid), Some(*gid)).unwrap();
        }
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .arg(bin)
            .arg(user.map(|(name, _, _)| name).unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What waits for our own output to end must not wait for the guard too.
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is for us; the guard then sees the pipe close.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut answer = String::new();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "ready", "the tests' PostgreSQL did not start");
        Self { address: Address::Socket(folder), guard: Some(Mutex::new(guard)) }
    }

    /// The address of one of its databases, in the form that suits every client library in use.
    pub fn url(&self, database: &str) -> String {
        match &self.address {
            Address::Socket(folder) => {
                format!("postgres:///{database}?host={}&user=tests", folder.display())
            }
            Address::Given(url) => {
                let mut url = url.clone();
                url.set_path(database);
                url.into()
            }
        }
    }

    /// Tells the guard to kill `pid` if this process ends without saying [`Self::ended`].
    pub fn watch(&self, pid: u32) {
        self.tell(&format!("run {pid}"));
    }

    /// Tells the guard that `pid` is gone.
    pub fn ended(&self, pid: u32) {
        self.tell(&format!("ended {pid}"));
    }

    fn tell(&self, line: &str) {
        if let Some(guard) = &self.guard {
            let mut guard = guard.lock().unwrap();
            writeln!(guard.stdin.as_mut().unwrap(), "{line}").unwrap();
        }
    }
}

/// The folder of the newest server programs.
pub(super) fn server_programs() -> PathBuf {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .or_else(|| {
            let output = Command::new("pg_config").arg("--bindir").output().ok()?;
            Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
        })
        .expect("PostgreSQL's server programs are missing: make test installs them")
}

/// PostgreSQL refuses to run as root: who it runs as then, with the ids.
pub(super) fn server_user() -> Option<(String, u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let parts: Vec<_> = line.expect("there is no user `postgres`").split(':').collect();
    Some(("postgres".to_owned(), parts[2].parse().unwrap(), parts[3].parse().unwrap()))
}
