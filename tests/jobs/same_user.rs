//! An action that runs as Signalbox's own user, and means ill.

use super::run::{output, push, webhook_with};
use crate::support::app::{ADMIN, App, PASSWORD, Setup};

/// Looks into the process above the spawner above the supervisor, and asks the embedded database for
/// its superuser.
const ATTACK: &str = r#"
up() { sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"; }
us=$(up "$(up "$PPID")")
echo "looked at $(cat "/proc/$us/comm")"
for what in environ maps auxv; do head -c 1 "/proc/$us/$what" >/dev/null 2>&1 && echo "read $what"; done
ls "/proc/$us/fd" >/dev/null 2>&1 && echo "read fd"
env | grep -q "$(printf 'KKKK%s' KKKK)" && echo "has the key"
for file in /proc/self/fd/*; do case "$(readlink "$file")" in *planted*) echo "has a file";; esac; done
run=$(dirname "$0")/../data/postgres/run
psql=$(ls /usr/lib/postgresql/*/bin/psql | tail -n 1)
"$psql" -h "$run" -U postgres -d postgres -Atc "SELECT 'is superuser'" 2>/dev/null
"$psql" -h "$run" -U postgres -d signalbox -Atc "SELECT 'is superuser'" 2>/dev/null
"$psql" -h "$run" -U signalbox -d signalbox -Atc "SELECT 'role ' || rolsuper FROM pg_roles WHERE rolname = current_user"
"#;

#[tokio::test]
async fn an_action_of_the_same_user_looks_into_nothing_and_is_no_superuser() {
    let setup = Setup::without_database()
        .setting("SIGNALBOX_SUPERUSER_USERNAME", ADMIN)
        .setting("SIGNALBOX_SUPERUSER_PASSWORD", PASSWORD)
        .setting("SIGNALBOX_SECRET_KEY", &"K".repeat(40))
        .action("attack", "", ATTACK)
        .run_by_nobody();
    let planted = setup.folder().join("planted");
    std::fs::write(&planted, "").unwrap();
    // As a careless launcher leaves it: open, and inherited.
    let file = std::fs::File::open(&planted).unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let app = setup.start().await;
    drop(file);
    webhook_with(&app, "attack", &[]).await;
    let job = push(&app, "k").await;
    let said = said_at_the_end(&app, &job).await;
    assert!(said.contains("looked at signalbox") && said.contains("role false"), "{said}");
    for bad in ["read ", "has the key", "has a file", "is superuser"] {
        assert!(!said.contains(bad), "{said}");
    }
}

/// What a job printed, read as a person does: this server keeps its own database.
async fn said_at_the_end(app: &App, job: &str) -> String {
    let panel = app.panel().await;
    crate::support::wait::until("the job's end", async || {
        let page = panel.get(&format!("/admin/hooks/job/{job}/")).await;
        page.states("main")
            .iter()
            .any(|state| state == "succeeded" || state == "failed")
            .then_some(())
    })
    .await;
    panel.get(&format!("/admin/hooks/job/{job}/")).await.main()
}

#[tokio::test]
async fn secrets_leave_the_environment_once_they_are_read() {
    let app = Setup::new()
        .await
        .setting("SIGNALBOX_SECRET_KEY", &"K".repeat(40))
        .setting("SIGNALBOX_METRICS_TOKEN", "planted-metrics-token")
        .action("show", "env = [\"DATABASE_URL\"]", "env")
        .start()
        .await;
    // Root may read it; whoever else runs the tests may not, which is as good.
    let environ = std::fs::read(format!("/proc/{}/environ", app.pid())).unwrap_or_default();
    let environ = String::from_utf8_lossy(&environ);
    for secret in ["KKKK", PASSWORD, "planted-metrics-token", "postgres://"] {
        assert!(!environ.contains(secret), "{secret} in {environ}");
    }
    webhook_with(&app, "show", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let printed = output(&app, &job, "stdout").await;
    assert!(!printed.contains("KKKK") && !printed.contains("postgres:"), "{printed}");
}
