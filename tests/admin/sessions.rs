//! Where people are signed in, and ending that; one's password again before what matters.

use crate::support::app::{ADMIN, App, PASSWORD, Setup, TOKEN};
use crate::support::panel::Panel;
use crate::support::webhooks;

const OWN: &str = "/admin/sessions/";
const USERS: &str = "/admin/auth/user/";
const HOOKS: &str = "/admin/hooks/webhook/";
const FIELD: &str = "_your_password";

#[tokio::test]
async fn everybody_sees_and_ends_their_own_sessions() {
    let app = App::start().await;
    let here = app.person("viewer").await;
    let there = Panel::login(app.base(), "viewer", PASSWORD).await;
    let page = here.open(OWN).await;
    page.says("127.0.0.1").says("This one");
    let all = page.attributes("[data-session]", "data-session");
    assert_eq!(all.len(), 2);
    let stranger = app.panel().await;
    let of_another = stranger.open(OWN).await.form_with("session");
    // Another's session cannot be named.
    let form = of_another.press("session", &all[0]);
    stranger.submit(form).await;
    assert_eq!(here.open(OWN).await.attributes("[data-session]", "data-session").len(), 2);

    let page = here.submit(page.form_with("session").press("all", "1")).await;
    page.says("This one");
    assert_eq!(page.attributes("[data-session]", "data-session").len(), 1);
    assert!(there.get("/admin/").await.address.starts_with("/admin/login/"));
    assert_eq!(here.get("/admin/").await.address, "/admin/");
}

#[tokio::test]
async fn an_administrator_ends_one_session_of_another_or_all() {
    let app = App::start().await;
    let id = app.account("grace", "operator").await;
    let (one, two) = (
        Panel::login(app.base(), "grace", PASSWORD).await,
        Panel::login(app.base(), "grace", PASSWORD).await,
    );
    let panel = app.panel().await;
    let address = format!("{USERS}{id}/sessions/");
    let page = panel.open(&address).await;
    let newest = page.attributes("[data-session]", "data-session")[0].clone();
    let page = panel.submit(page.form_to(&address).press("session", &newest)).await;
    assert_eq!(page.attributes("[data-session]", "data-session").len(), 1);
    assert!(two.get("/admin/").await.address.starts_with("/admin/login/"));
    assert_eq!(one.get("/admin/").await.address, "/admin/");
    let page = panel.submit(page.form_to(&address).press("all", "1")).await;
    page.says("No open sessions");
    assert!(one.get("/admin/").await.address.starts_with("/admin/login/"));
    panel.open("/admin/log/?verb=logout").await.says("grace").says("Sessions ended: 1");
}

#[tokio::test]
async fn a_session_says_when_and_where_it_was_last_used() {
    let app = App::start().await;
    let panel = app.panel().await;
    app.database()
        .execute(
            "UPDATE sessions SET seen_at = now() - interval '2 hours', remote_addr = '192.0.2.1'",
        )
        .await;
    panel.open("/admin/").await;
    let sql =
        "SELECT (seen_at > now() - interval '1 minute')::text || ' ' || remote_addr FROM sessions";
    assert_eq!(app.database().value(sql).await, "true 127.0.0.1");
}

#[tokio::test]
async fn f50_a_changed_password_ends_the_other_sessions_and_this_one_stays() {
    let app = App::start().await;
    let (here, there) = (app.panel().await, app.panel().await);
    let form = here.open("/admin/password_change/").await.form_with("old_password");
    let new = "a quite different pass phrase";
    let form = form.set("old_password", PASSWORD);
    here.submit(form.set("new_password", new).set("new_password_again", new)).await;
    assert_eq!(here.get("/admin/").await.address, "/admin/");
    assert!(there.get("/admin/").await.address.starts_with("/admin/login/"));
}

#[tokio::test]
async fn secrets_and_actions_ask_for_the_password_again_and_notes_do_not() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let address = format!("{HOOKS}{id}/change/");
    let form = panel.open(&address).await.form_with("repo_name");
    assert!(!form.names.iter().any(|name| name == FIELD), "it was typed a moment ago");

    app.let_passwords_grow_old().await;
    let form = panel.open(&address).await.form_with("repo_name");
    assert!(form.names.iter().any(|name| name == FIELD), "{:?}", form.names);
    let page = panel.submit(form.set("notes", "harmless")).await;
    assert_eq!(page.address, HOOKS, "{}", page.html);

    let form = || async { panel.open(&address).await.form_with("repo_name") };
    let without = form().await.set("secret_token", "another-secret-0123456789");
    let page = panel.submit(without).await;
    assert!(page.text("title").starts_with("Error"), "{}", page.text("title"));
    page.says("Enter your own password");
    assert_eq!(page.attributes("[aria-invalid=true]", "name"), [FIELD]);
    let wrong = form().await.set("max_attempts", "7").set("secret_token", "another-secret-0123");
    let page = panel.submit(wrong.set(FIELD, "wrong")).await;
    page.says("This is not your password.");
    assert!(!page.html.contains("value=\"wrong\""), "it is not echoed");
    assert_eq!(page.form_with("repo_name").value("max_attempts"), Some("7"), "input is kept");
    assert_eq!(app.database().value("SELECT max_attempts::text FROM webhooks").await, "3");

    let right = form().await.set("secret_token", "another-secret-0123456789");
    let page = panel.submit(right.set(FIELD, PASSWORD)).await;
    assert_eq!(page.address, HOOKS, "{}", page.html);
    // Typed once, it counts for a while.
    let form = form().await;
    assert!(!form.names.iter().any(|name| name == FIELD));
    panel.open("/admin/log/?verb=login_failed").await.says(ADMIN);
}

#[tokio::test]
async fn guessing_is_no_faster_in_a_form_than_at_the_door() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "viewer").await;
    app.let_passwords_grow_old().await;
    let address = format!("{USERS}{id}/change/");
    for _ in 0..5 {
        let form = panel.open(&address).await.form_with("role").set("role", "admin");
        panel.submit(form.set(FIELD, "wrong")).await.says("This is not your password.");
    }
    let form = panel.open(&address).await.form_with("role").set("role", "admin");
    let page = panel.submit(form.set(FIELD, PASSWORD)).await;
    page.says("Too many wrong passwords. Try again in");
    let sql = "SELECT role FROM users WHERE username = 'grace'";
    assert_eq!(app.database().value(sql).await, "viewer");
}

#[tokio::test]
async fn accounts_ask_for_the_password_again_in_every_way() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "viewer").await;
    Panel::login(app.base(), "grace", PASSWORD).await;
    app.let_passwords_grow_old().await;
    let new = "a quite different pass phrase";
    let add = panel.open(&format!("{USERS}add/")).await.form_with("username");
    let add = add.set("username", "eve").set("password", new).set("password_again", new);
    let reset = panel.open(&format!("{USERS}{id}/password/")).await.form_with("password");
    let reset = reset.set("password", new).set("password_again", new);
    let delete = format!("{USERS}{id}/delete/");
    let delete = panel.open(&delete).await.form_to(&delete);
    let sessions = format!("{USERS}{id}/sessions/");
    let sessions = panel.open(&sessions).await.form_to(&sessions).press("all", "1");
    let role = panel.open(&format!("{USERS}{id}/change/")).await.form_with("role");
    for form in [add, reset, delete.clone(), sessions, role.set("role", "admin")] {
        let action = form.action.clone();
        let page = panel.submit(form).await;
        page.says("Enter your own password");
        assert!(page.text("title").starts_with("Error"), "{action}: {}", page.text("title"));
    }
    let sql = "SELECT string_agg(username || role, ' ' ORDER BY id) FROM users";
    assert_eq!(app.database().value(sql).await, "adaadmin graceviewer");
    let page = panel.submit(delete.set(FIELD, PASSWORD)).await;
    assert_eq!(page.address, USERS, "{}", page.html);
    assert_eq!(app.database().count("users").await, 1);
}

#[tokio::test]
async fn save_as_new_copies_everything_but_the_secrets() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let address = format!("{HOOKS}{id}/change/");
    let form = panel.open(&address).await.form_with("repo_name").set("object_kind", "tag_push");
    let page = panel.submit(form.set("max_attempts", "9").press("_saveasnew", "1")).await;
    assert_eq!(page.status, 200);
    let said = page.text(".messages");
    assert!(said.contains("Its secrets are not copied"), "{said}");
    let form = page.form_with("repo_name");
    assert_eq!(form.action, format!("{HOOKS}add/"), "it comes back as a form for adding");
    assert!(!page.html.contains(TOKEN) && !page.has("[name=_saveasnew]"));
    assert_eq!(form.value("max_attempts"), Some("9"), "what was typed is kept");
    assert_eq!(app.database().count("webhooks").await, 1);

    let page = panel.submit(form.set("secret_token", "the-copys-own-secret-0123")).await;
    assert_eq!(page.address, HOOKS, "{}", page.html);
    let sql = "SELECT string_agg(object_kind || max_attempts, ' ' ORDER BY id) FROM webhooks";
    assert_eq!(app.database().value(sql).await, "push3 tag_push9");
    let sql = "SELECT count(DISTINCT secret_digest)::text FROM webhooks";
    assert_eq!(app.database().value(sql).await, "2");
    // Switched off, a copy needs no secret and is saved at once.
    let form = panel.open(&address).await.form_with("repo_name").unset("enabled");
    let page = panel.submit(form.press("_saveasnew", "1")).await;
    assert_eq!((page.address.as_str(), page.rows().len()), (HOOKS, 3), "{}", page.html);
}

#[tokio::test]
async fn a_session_ends_after_30_days_however_often_it_is_used() {
    let app = App::start().await;
    let panel = app.panel().await;
    let age = async |days: u32| {
        let sql = format!("UPDATE sessions SET created_at = now() - interval '{days} days'");
        app.database().execute(&sql).await;
    };
    age(29).await;
    assert_eq!(panel.get("/admin/").await.address, "/admin/");
    age(30).await;
    assert!(panel.get("/admin/").await.address.starts_with("/admin/login/"));
}

#[tokio::test]
async fn strangers_do_not_keep_an_open_session_from_confirming_its_password() {
    let app = App::start().await;
    let panel = app.panel().await;
    let stranger = Panel::anonymous(app.base());
    for _ in 0..6 {
        stranger.try_login(ADMIN, "a wrong password").await;
    }
    let form = panel.open("/admin/password_change/").await.form_with("old_password");
    let form = form.set("old_password", PASSWORD);
    let new = "a new password of the tests 123";
    let page = panel.submit(form.set("new_password", new).set("new_password_again", new)).await;
    assert_eq!(page.address, "/admin/");
}

#[tokio::test]
async fn browsers_are_held_to_https_where_it_is_known() {
    const NAMES: [&str; 3] =
        ["strict-transport-security", "cross-origin-opener-policy", "cross-origin-resource-policy"];
    const VALUES: [&str; 3] = ["max-age=31536000", "same-origin", "same-origin"];
    let has = async |app: &App, proto: &str| {
        let request = reqwest::Client::new().get(format!("{}/healthz", app.base()));
        let answer = request.header("X-Forwarded-Proto", proto).send().await.unwrap();
        let values =
            NAMES.map(|name| answer.headers().get(name).map(|value| value.to_str().unwrap()));
        std::array::from_fn::<_, 3, _>(|n| {
            values[n].inspect(|value| assert_eq!(*value, VALUES[n])).is_some()
        })
    };
    let app = App::start().await;
    assert_eq!(has(&app, "https").await, [false; 3], "nobody vouches for it");
    let proxied = Setup::new().await.setting("SIGNALBOX_TRUSTED_PROXIES", "127.0.0.0/8");
    let app = proxied.start().await;
    assert_eq!(has(&app, "https").await, [true; 3]);
    assert_eq!(has(&app, "http").await, [false; 3]);
    let app = start_at("https", Setup::new().await).await;
    assert_eq!(has(&app, "http").await, [true; 3], "its own address says it");
}

/// A server on a free port of which its settings know the public address.
pub(super) async fn start_at(scheme: &str, setup: Setup) -> App {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = setup.setting("SIGNALBOX_BIND", &free.to_string());
    setup.setting("SIGNALBOX_PUBLIC_URL", &format!("{scheme}://{free}")).start().await
}

#[tokio::test]
async fn cookies_are_secure_where_a_trusted_proxy_says_https() {
    let app = Setup::new().await.setting("SIGNALBOX_TRUSTED_PROXIES", "127.0.0.0/8").start().await;
    for (proto, secure) in [("https", true), ("http", false)] {
        let request = reqwest::Client::new().get(format!("{}/admin/login/", app.base()));
        let answer = request.header("X-Forwarded-Proto", proto).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.contains("; Secure"), secure, "{proto}: {cookie}");
    }
}

#[tokio::test]
async fn the_panel_answers_under_its_own_host_only_once_it_has_one() {
    let status = async |app: &App, path: &str, host: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", app.base()));
        request.header("Host", host).send().await.unwrap().status().as_u16()
    };
    let app = App::start().await;
    assert_eq!(status(&app, "/admin/login/", "evil.example").await, 200);
    let app = start_at("http", Setup::new().await).await;
    for (path, host, expected) in [
        ("/admin/login/", "127.0.0.1", 200),
        ("/admin/login/", "localhost:8080", 200),
        ("/admin/login/", "evil.example", 400),
        ("/admin/login/", "127.0.0.1.evil.example", 400),
        ("/admin/", "evil.example", 400),
        // What probes and GitLab call.
        ("/healthz", "10.0.0.7:8080", 200),
        ("/readyz", "10.0.0.7", 200),
        ("/webhooks/gitlab", "signalbox.internal", 405),
    ] {
        assert_eq!(status(&app, path, host).await, expected, "{path} at {host}");
    }
}
