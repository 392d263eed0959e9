//! What the panel refuses, and with which face.

use crate::support::app::{App, PASSWORD, Setup};
use crate::support::database::Database;
use crate::support::panel::Panel;
use reqwest::{Client, Method, Response};

async fn send(app: &App, method: Method, path: &str) -> Response {
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    client.request(method, format!("{}{path}", app.base())).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn people_get_pages_and_programs_get_json() {
    let app = App::start().await;
    for (path, status, kind) in [
        ("/nothing", 404, "text/html; charset=utf-8"),
        ("/static/nothing.css", 404, "text/html; charset=utf-8"),
        ("/webhooks/nothing", 404, "application/json"),
        ("/healthz/nothing", 404, "application/json"),
    ] {
        let response = send(&app, Method::GET, path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(header(&response, "content-type"), kind, "{path}");
        let id = header(&response, "x-request-id").to_owned();
        assert!(!id.is_empty() && response.text().await.unwrap().contains(&id), "{path}");
    }
    let panel = app.panel().await;
    let page = panel.get("/admin/nothing/").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.text("h1"), "Page not found");
    let page = panel.get("/admin/logout/").await;
    assert_eq!((page.status, page.headers["allow"].to_str().unwrap()), (405, "POST"));
}

#[tokio::test]
async fn a_forgotten_slash_is_added_and_the_root_leads_to_the_panel() {
    let app = App::start().await;
    for (path, target) in [
        ("/", "/admin/"),
        ("/admin", "/admin/"),
        ("/admin/hooks/job?q=a", "/admin/hooks/job/?q=a"),
        ("/admin/login", "/admin/login/"),
    ] {
        let response = send(&app, Method::GET, path).await;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (302, target));
    }
}

#[tokio::test]
async fn another_site_cannot_press_a_button() {
    let app = App::start().await;
    let client = Client::builder().cookie_store(true).build().unwrap();
    let login = format!("{}/admin/login/", app.base());
    let html = client.get(&login).send().await.unwrap().text().await.unwrap();
    let token = html.split("csrf_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = [("csrf_token", token), ("username", "ada"), ("password", PASSWORD)];
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
    ] {
        let sent = client.post(&login).form(&form).header(name, value).send().await.unwrap();
        assert_eq!(sent.status().as_u16(), 403, "{name}: {value}");
    }
    let without = client.post(&login).form(&form[1..]).send().await.unwrap();
    assert_eq!(without.status().as_u16(), 403);
    assert_eq!(app.database().count("sessions").await, 0);
    // Browsers send this from pages without a referrer, over plain http.
    let own = client.post(&login).form(&form).header("Origin", "null").send().await.unwrap();
    assert_eq!((own.status().as_u16(), own.url().path()), (200, "/admin/"));
}

#[tokio::test]
async fn a_form_that_is_too_large_or_misses_fields_is_told_so() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open("/admin/password_change/").await.form_with("old_password");
    let large = form.clone().set("old_password", &"x".repeat(2 * 1024 * 1024));
    assert_eq!(panel.submit(large).await.status, 413);
    let page = panel.submit(form.unset("old_password")).await;
    assert_eq!((page.status, page.text("h1").as_str()), (400, "Invalid request"));
}

#[tokio::test]
async fn visitors_leave_no_sessions_behind() {
    let app = App::start().await;
    for _ in 0..3 {
        Panel::anonymous(app.base()).get("/admin/login/").await;
        Panel::anonymous(app.base()).try_login("ada", "wrong").await;
    }
    assert_eq!(app.database().count("sessions").await, 0);
}

#[tokio::test]
async fn without_its_tables_the_panel_says_so_and_tells_no_cause() {
    let app = App::start().await;
    let panel = app.panel().await;
    app.database().execute("DROP TABLE sessions").await;
    let page = panel.get("/admin/").await;
    assert_eq!(page.status, 503);
    page.says("The database is unavailable");
    assert!(!page.html.contains("relation"), "{}", page.html);
}

#[tokio::test]
async fn of_two_first_users_one_is_made() {
    let app = Setup::without_user(Database::migrated().await).start().await;
    let link = app.setup_link().await;
    let (one, two) = (Panel::anonymous(app.base()), Panel::anonymous(app.base()));
    let fill = async |panel: &Panel, name: &str| {
        let form = panel.get(&link).await.form_with("username").set("username", name);
        form.set("password", PASSWORD).set("password_again", PASSWORD)
    };
    let (first, second) = (fill(&one, "grace").await, fill(&two, "mallory").await);
    let (first, second) = tokio::join!(one.submit(first), two.submit(second));
    let mut told = [first.status, second.status];
    told.sort_unstable();
    assert_eq!(told, [200, 404]);
    assert_eq!(app.database().count("users").await, 1);
}
