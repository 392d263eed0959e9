//! `docker-compose.yml` on a real engine, as a newcomer runs it (`make docker-test`). The parts follow
//! each other on the same containers; the script ends the engine in between.

mod compose;

use crate::support::app::PASSWORD;
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks::{SIGNING_TOKEN, signed_pending_push, with};
use compose::{BASE, answers, compose, docker, exec, health, inspect, job_state, query, serves};

fn from_gitlab() -> Delivery {
    Delivery::push_2015().by_gitlab_19(SIGNING_TOKEN)
}

async fn panel() -> Panel {
    Panel::login(BASE, "grace", PASSWORD).await
}

/// Sends a push, and gives back its job once it has succeeded.
async fn push(verdict: &str) -> String {
    let answer = from_gitlab().send(BASE).await;
    let [job] = answer.expect(202, verdict).jobs().try_into().unwrap();
    job_state(&job, "succeeded").await;
    job
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_1_a_newcomer_walks_the_tour() {
    compose::clear_away();
    compose(&["up", "--detach", "--build"]);
    health("signalbox", "healthy").await;
    health("postgres", "healthy").await;
    let log = compose(&["logs", "--no-color", "signalbox"]);
    let (_, token) = log.split_once("/admin/setup/?token=").expect("no setup link in the log");
    let token: String =
        token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let visitor = Panel::anonymous(BASE);
    let form = visitor.get(&format!("/admin/setup/?token={token}")).await.form_with("username");
    let names = form.names.clone();
    let form = names
        .iter()
        .filter(|name| name.contains("password"))
        .fold(form, |form, name| form.set(name, PASSWORD));
    visitor.submit(form.set("username", "grace")).await;

    let panel = panel().await;
    panel.add_webhook(&signed_pending_push()).await;
    push("registered").await;
    let job = push("matched").await;
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("Succeeded").says("Diaspora");
    Delivery::push_2015().send(BASE).await.expect(401, "rejected");
    let other = Delivery::push_2015().with("/project_id", 16).by_gitlab_19(SIGNING_TOKEN);
    other.send(BASE).await.expect(200, "unmatched");
    let status = reqwest::get(format!("{BASE}/webhooks/gitlab")).await.unwrap().status();
    assert_eq!(status, 405);
    assert!(exec("signalbox", &["signalbox", "check"]).contains("No faults"));
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_2_it_may_do_no_more_than_it_needs() {
    assert_eq!(exec("signalbox", &["id", "-u"]), "10001");
    let status = exec("signalbox", &["cat", "/proc/1/status"]);
    for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "no {line:?} in {status}");
    }
    let write = "for f in /usr/local/bin/signalbox /etc/signalbox/actions/x /x; do \
                 if (: >> $f) 2>/dev/null; then echo $f; fi; done; : > /tmp/x; : > x";
    assert_eq!(exec("signalbox", &["sh", "-c", write]), "", "these can be written");
    let of = inspect("signalbox");
    assert_eq!(of["HostConfig"]["ReadonlyRootfs"], true);
    assert_eq!(of["HostConfig"]["Privileged"], false);
    let published = of["NetworkSettings"]["Ports"]["8080/tcp"].clone();
    assert!(published.as_array().unwrap().iter().all(|port| port["HostIp"] == "127.0.0.1"));
    let ports = inspect("postgres")["NetworkSettings"]["Ports"].to_string();
    assert!(!ports.contains("HostPort"), "the database is published: {ports}");
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_3_health_follows_the_database() {
    compose(&["stop", "postgres"]);
    health("signalbox", "unhealthy").await;
    compose(&["start", "postgres"]);
    health("signalbox", "healthy").await;
    push("matched").await;
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_4_a_killed_container_starts_again_and_its_job_too() {
    compose::mount_own_actions();
    compose(&["up", "--detach"]);
    health("signalbox", "healthy").await;
    let slow = with(signed_pending_push(), &[("action", "once-slow"), ("project_id", "17")]);
    panel().await.add_webhook(&slow).await;
    let of_17 = Delivery::push_2015().with("/project_id", 17).by_gitlab_19(SIGNING_TOKEN);
    let [job] = of_17.send(BASE).await.expect(202, "matched").jobs().try_into().unwrap();
    job_state(&job, "running").await;
    compose::kill_process_of("signalbox");
    serves().await;
    job_state(&job, "succeeded").await;
    let attempts = query(&format!(
        "SELECT string_agg(outcome, ',' ORDER BY number) FROM job_attempts WHERE job_id = '{job}'"
    ));
    assert_eq!(attempts, "lost,succeeded");
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_5_after_the_end_of_the_engine_everything_is_still_there() {
    serves().await;
    answers("SELECT count(*) FROM webhooks", "2").await;
    health("signalbox", "healthy").await;
    health("postgres", "healthy").await;
    assert_eq!(query("SELECT count(*) FROM jobs WHERE state <> 'succeeded'"), "0");
    push("matched").await;
}

/// What the last migrations added is taken back: so does the database of an older version look.
fn return_to_an_older_schema() {
    for _ in 0..3 {
        let version = query("SELECT max(version) FROM __diesel_schema_migrations");
        compose::undo_migration(&version);
    }
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_6_an_upgrade_keeps_what_is_in_the_volumes() {
    let seen = "SELECT (SELECT count(*) FROM deliveries) || ' ' || (SELECT count(*) FROM jobs)";
    let migrated =
        "SELECT string_agg(version, ' ' ORDER BY version) FROM __diesel_schema_migrations";
    let (before, versions) = (query(seen), query(migrated));
    let log = || compose(&["logs", "--no-color", "signalbox"]);
    compose(&["stop", "signalbox"]);
    assert_eq!(inspect("signalbox")["State"]["ExitCode"], 0, "{}", log());
    return_to_an_older_schema();
    assert_ne!(query(migrated), versions);
    let old = inspect("signalbox")["Id"].clone();
    compose(&["up", "--detach", "--build", "--force-recreate"]);
    health("signalbox", "healthy").await;
    assert_ne!(inspect("signalbox")["Id"], old);
    assert_eq!((query(seen), query(migrated)), (before, versions));
    // The secret key is the same: the signature is accepted, and the old password too.
    push("matched").await;
    panel().await.open("/admin/hooks/job/").await.says("Diaspora");
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_7_the_documented_backup_has_the_data_and_the_key() {
    let dump = "pg_dump --username=signalbox --format=custom signalbox | pg_restore --list";
    let listed = compose(&["exec", "-T", "postgres", "sh", "-c", dump]);
    assert!(listed.contains("TABLE DATA public webhooks"), "{listed}");
    let key = compose(&["exec", "-T", "signalbox", "cat", "/var/lib/signalbox/secret-key"]);
    assert!(key.trim().len() >= 32, "no key");
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn part_8_stop_and_down_end_cleanly() {
    compose(&["stop"]);
    for service in ["signalbox", "postgres"] {
        let state = inspect(service)["State"].clone();
        assert_eq!(
            (&state["Running"], &state["ExitCode"]),
            (&false.into(), &0.into()),
            "{service}"
        );
    }
    compose(&["down", "--volumes"]);
    wait::until_equal("no container is left", String::new(), async || docker(&["ps", "-aq"])).await;
}
