//! What a command may do, what it used, and that its secrets stay secret.

use super::{finish, request, script, text};
use crate::Stream;
use signalbox_core::job::AttemptOutcome;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

pub(super) fn secret_file(directory: &Path, value: &str, mode: u32) -> String {
    let file = directory.join("token");
    fs::write(&file, value).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    file.display().to_string()
}

#[tokio::test]
async fn a_secret_reaches_the_command_and_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = secret_file(directory.path(), "s3cret-token\n", 0o600);
    let more = format!("separate_stderr = true\nsecrets = {{ TOKEN = {{ file = '{file}' }} }}");
    let lines = r#"
        [ "$TOKEN" = s3cret-token ] && echo right
        echo "token: $TOKEN" >&2
        printf s3cr; sleep 0.3; echo et-token; printf s3cret-tok
        cat /proc/$$/cmdline"#;
    let (ended, chunks) = finish(request(script(lines, &more), "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(text(&chunks, Stream::Stdout).starts_with("right\n••••••\ns3cret-tok/bin/sh"));
    assert_eq!(text(&chunks, Stream::Stderr), "token: ••••••\n");
    let all: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
    // The text of the script itself holds it once; nothing else may.
    assert!(!String::from_utf8_lossy(&all).replace("= s3cret-token", "").contains("s3cret-token"));

    for (value, mode, why) in [
        ("s3cret-token", 0o644, "may be read by everybody: run chmod o-r on it."),
        ("s3cret-token", 0o660, "may be written to by its group"),
        ("abc\n", 0o600, "it is shorter than 4 bytes, too short to be masked."),
    ] {
        let file = secret_file(directory.path(), value, mode);
        let more = format!("secrets = {{ TOKEN = {{ file = '{file}' }} }}");
        let (ended, _) = finish(request(script("true", &more), "")).await;
        assert!(ended.error().starts_with("Not run: the secret TOKEN: "), "{}", ended.error());
        assert!(ended.error().contains(why), "{}", ended.error());
    }
    let more = "secrets = { TOKEN = { env = 'NOT_SET_ANYWHERE' } }";
    let (ended, _) = finish(request(script("true", more), "")).await;
    assert!(ended.error().contains("has no variable NOT_SET_ANYWHERE"), "{}", ended.error());
}

#[tokio::test]
async fn limits_and_rights_are_the_entrys() {
    let more = "umask = '077'\nlimits = { cpu_s = 1, open_files = 40, memory_mib = 700 }";
    let show = "umask; ulimit -n; ulimit -v; grep -o 'NoNewPrivs.*' /proc/self/status";
    let (_, chunks) = finish(request(script(show, more), "")).await;
    assert_eq!(text(&chunks, Stream::Stdout), "0077\n40\n716800\nNoNewPrivs:\t1\n");
    let (_, chunks) = finish(request(script(show, "allow_new_privileges = true"), "")).await;
    assert!(text(&chunks, Stream::Stdout).ends_with("NoNewPrivs:\t0\n"));

    let (ended, _) = finish(request(script("while :; do :; done", more), "")).await;
    assert_eq!(
        ended.error(),
        "It was ended by signal 24 (SIGXCPU: it used up its processor time)."
    );
    let used = ended.usage.unwrap();
    assert!(used.cpu > Duration::from_millis(500) && used.peak_memory_kib > 100, "{used:?}");
}

#[tokio::test]
async fn another_user_is_another_user() {
    let us = rustix::process::geteuid().as_raw();
    let show = "id -u; id -G; echo $HOME";
    let (ended, chunks) = finish(request(script(show, "user = 'nobody'\ncwd = '/tmp'"), "")).await;
    if us == 0 {
        let output = text(&chunks, Stream::Stdout);
        assert!(output.starts_with("65534\n65534\n/"), "{output}");
        let (ended, _) = finish(request(script("cat /etc/shadow", "user = 'nobody'"), "")).await;
        assert_eq!(ended.exit_code, Some(1));
    } else {
        assert!(ended.error().contains("only a Signalbox that runs as root"), "{}", ended.error());
    }
    let (ended, _) = finish(request(script(show, "user = 'no-such-user'"), "")).await;
    assert!(ended.error().contains("no such user"), "{}", ended.error());
}
