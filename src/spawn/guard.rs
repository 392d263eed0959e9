//! Ends the groups of our children when we are killed.
//!
//! The kernel tells our children that we died, not theirs: of a killed script, the `git fetch` it
//! was waiting for would go on and meet its own second run. So a small shell stands beside us with
//! a pipe from us. It is told of every group; when the pipe ends, we are gone, and it kills them.
//! Who left the group (`setsid`), as a daemon does, is `supervise.rs`'s to end.

use rustix::process::Pid;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r what group; do
  case $what in
    watch) groups="$groups$group " ;;
    release) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
  esac
done
for group in $groups; do kill -KILL "-$group"; done
"#;

/// Kill this group if we die.
pub(super) fn watch(group: Pid) {
    tell("watch", group);
}

/// This group has ended, or may live on without us.
pub(super) fn release(group: Pid) {
    tell("release", group);
}

fn tell(what: &str, group: Pid) {
    static PIPE: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();
    let Some(pipe) = PIPE.get_or_init(|| start().map(Mutex::new)) else { return };
    if let Ok(mut pipe) = pipe.lock() {
        // Without a guard we still run; only a kill of Signalbox would leave more behind.
        let _ = pipe.write_all(format!("{what} {}\n", group.as_raw_pid()).as_bytes());
    }
}

/// Starts it, in a group of its own, so that no Ctrl-C of ours reaches it.
fn start() -> Option<ChildStdin> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", SCRIPT, "signalbox-guard"]).env_clear().current_dir("/").process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    match shell.spawn() {
        Ok(mut guard) => guard.stdin.take(),
        Err(error) => {
            tracing::warn!(%error, "Failed to start the guard: {error}; killing Signalbox would leave processes behind");
            None
        }
    }
}
