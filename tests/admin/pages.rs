//! The pages of deliveries and jobs, the frame around all pages, and what goes wrong.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::{Answer, Delivery};
use crate::support::webhooks;

#[tokio::test]
async fn f31_a_deliverys_page_shows_request_verdict_and_person() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let delivery = answer.field("delivery");
    let [job] = answer.jobs().try_into().unwrap();
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/delivery/{delivery}/")).await;
    page.says("John Smith").says("X-Gitlab-Event").says("Push Hook").says("diasporadiaspora");
    assert!(page.states("main").contains(&"matched".to_owned()));
    assert!(!page.html.contains(TOKEN));
    let links = page.attributes("main a", "href");
    assert!(links.iter().any(|link| link.contains(&job)), "no link to the job: {links:?}");
}

#[tokio::test]
async fn an_unmatched_deliverys_page_names_what_differs() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN).with("/project_id", 1612)).await;
    let page = format!("/admin/hooks/delivery/{}/", answer.field("delivery"));
    let page = app.panel().await.open(&page).await;
    page.says("1612").says("15").says("Diaspora");
}

#[tokio::test]
async fn f32_what_an_event_says_is_shown_as_text() {
    let script = "<script>alert(1)</script>";
    let app = Setup::new()
        .await
        .action("echo", "", "printf '%s' '<script>alert(2)</script>'")
        .start()
        .await;
    let webhook = webhooks::with(webhooks::push(), &[("action", "echo"), ("repo_name", script)]);
    app.add_webhook(&webhook).await;
    let push = Delivery::push_2015()
        .token(TOKEN)
        .with("/repository/name", script)
        .with("/user_name", "\"><img src=x onerror=alert(3)>");
    let answer = app.send(&push).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    for address in [
        "/admin/".to_owned(),
        "/admin/hooks/webhook/".to_owned(),
        "/admin/hooks/delivery/".to_owned(),
        "/admin/hooks/job/".to_owned(),
        format!("/admin/hooks/job/{job}/"),
        format!("/admin/hooks/delivery/{}/", answer.field("delivery")),
    ] {
        let page = panel.open(&address).await;
        assert!(!page.html.contains("<script>alert"), "{address}");
        assert!(!page.html.contains("<img src=x"), "{address}");
    }
}

#[tokio::test]
async fn every_page_forbids_foreign_code() {
    let app = App::start().await;
    let panel = app.panel().await;
    for address in ["/admin/", "/admin/hooks/webhook/add/", "/admin/no-such-page/"] {
        let page = panel.get(address).await;
        let header = |name: &str| page.headers.get(name).map_or("", |v| v.to_str().unwrap());
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{address}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(!header("referrer-policy").is_empty());
    }
}

#[tokio::test]
async fn f57_what_is_not_there_is_said_in_the_panels_look() {
    let app = App::start().await;
    let panel = app.panel().await;
    for address in [
        "/admin/no-such-page/",
        "/admin/hooks/webhook/999/change/",
        "/admin/hooks/webhook/abc/change/",
        "/admin/hooks/job/01ARZ3NDEKTSV4RRFFQ69G5FAV/",
        "/admin/hooks/delivery/not-an-id/",
    ] {
        let page = panel.get(address).await;
        assert_eq!(page.status, 404, "{address}");
        assert!(
            page.has("main h1") && page.has("link[rel=stylesheet]"),
            "{address}: {}",
            page.html
        );
        // Who is signed in has the way on that every page has.
        assert!(page.has(".sidebar a[href='/admin/hooks/job/']"), "{address}");
        assert!(page.has("form[action='/admin/logout/'] [name=csrf_token]"), "{address}");
    }
    app.database().execute("UPDATE users SET role = 'viewer'").await;
    let page = panel.get("/admin/auth/user/").await;
    assert_eq!(page.status, 403);
    assert!(page.says("Your role does not allow this").has(".sidebar"));
}

#[tokio::test]
async fn a_broken_database_is_a_page_that_tells_no_secrets() {
    let app = App::start().await;
    let panel = app.panel().await;
    app.database().execute("ALTER TABLE jobs RENAME TO gone").await;
    let page = panel.get("/admin/hooks/job/").await;
    assert!([500, 503].contains(&page.status), "{}", page.status);
    for word in ["relation", "SELECT", "postgres"] {
        assert!(!page.html.contains(word), "{word}: {}", page.html);
    }
    assert!(page.has("main h1"), "{}", page.html);
}

#[tokio::test]
async fn health_is_told_to_programs() {
    let app = App::start().await;
    let get = |path: &str| {
        let url = format!("{}{path}", app.base());
        async move { Answer::of(reqwest::get(url).await.unwrap()).await }
    };
    assert_eq!(get("/healthz").await.status, 200);
    let ready = get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text);
    app.database().execute("DELETE FROM __diesel_schema_migrations").await;
    let behind = get("/readyz").await;
    assert_eq!(behind.status, 503, "{}", behind.text);
    assert_eq!(get("/healthz").await.status, 200);
}

#[tokio::test]
async fn static_files_are_cached_for_ever_under_hashed_names() {
    let app = App::start().await;
    let page = app.panel().await.open("/admin/").await;
    let files = [
        page.attributes("link[href]:not([rel=expect])", "href"),
        page.attributes("script[src]", "src"),
    ];
    let files = files.concat();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert!(file.starts_with("/static/"), "{file}");
        let answer = reqwest::get(format!("{}{file}", app.base())).await.unwrap();
        assert_eq!(answer.status(), 200, "{file}");
        let cache = answer.headers()["cache-control"].to_str().unwrap();
        assert!(cache.contains("immutable"), "{file}: {cache}");
    }
}

#[tokio::test]
async fn the_index_leads_to_everything() {
    let app = App::start().await;
    let page = app.panel().await.open("/admin/").await;
    let links = page.attributes("a", "href");
    for list in ["/admin/hooks/webhook/", "/admin/hooks/delivery/", "/admin/hooks/job/"] {
        assert!(links.iter().any(|link| link.starts_with(list)), "no link to {list}");
    }
    let root = reqwest::get(format!("{}/", app.base())).await.unwrap();
    assert!(root.url().path().starts_with("/admin/"), "{}", root.url());
}

#[tokio::test]
async fn what_hides_in_a_name_is_shown_and_stays_in_a_form() {
    let name = "ma\u{202e}nai\u{200b}d";
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::with(webhooks::push(), &[("repo_name", name)])).await;
    let push = Delivery::push_2015().token(TOKEN).with("/repository/name", name);
    let push = push.with("/user_name", "Eve\u{2066}\u{1b}[2J");
    let answer = app.send(&push).await;
    let delivery =
        format!("/admin/hooks/delivery/{}/", answer.expect(202, "matched").field("delivery"));
    let [job] = answer.jobs().try_into().unwrap();
    let panel = app.panel().await;
    for address in [
        "/admin/",
        "/admin/hooks/webhook/",
        "/admin/hooks/delivery/",
        "/admin/hooks/job/",
        &format!("/admin/hooks/job/{job}/"),
        &delivery,
    ] {
        let page = panel.open(address).await;
        assert!(!page.html.contains(['\u{202e}', '\u{200b}', '\u{2066}', '\u{1b}']), "{address}");
    }
    let page = panel.open(&delivery).await;
    page.says("ma⟨U+202E⟩nai⟨U+200B⟩d").says("Eve⟨U+2066⟩⟨U+001B⟩[2J");
    // What hides would be pasted unseen: the command reads it from the downloaded file.
    assert!(page.text("#body-curl").contains("--data-binary @"), "{}", page.text("#body-curl"));
    let form = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    assert_eq!(form.form_with("repo_name").value("repo_name"), Some(name));
}
