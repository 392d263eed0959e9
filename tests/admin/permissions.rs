//! Who may do what: anonymous people, viewers, operators.

use crate::support::app::{ADMIN, App, PASSWORD, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::webhooks;
use signalbox::web::admin::kit::route::Access;
use signalbox::web::admin::routes::{self, Row};
use signalbox::web::urls;
use signalbox_core::role::Role;

const LIST: &str = "/admin/hooks/webhook/";

/// Somebody of this role; they share the first user's password.
async fn person(app: &App, role: &str) -> Panel {
    app.database()
        .execute(&format!(
            "INSERT INTO users (username, password_hash, role, created_at) \
             SELECT '{role}', password_hash, '{role}', now() FROM users WHERE username = '{ADMIN}'"
        ))
        .await;
    Panel::login(app.base(), role, PASSWORD).await
}

#[tokio::test]
async fn nobody_sees_anything_without_a_login() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let delivery = answer.field("delivery");
    let [job] = answer.jobs().try_into().unwrap();
    let panel = Panel::anonymous(app.base());
    // Forms of theirs are genuine: what turns them away is that nobody is signed in.
    let fields = [(
        "csrf_token".to_owned(),
        token_of(&panel.get("/admin/login/").await.form_with("password")),
    )];
    for address in [
        "/admin/".to_owned(),
        LIST.to_owned(),
        format!("{LIST}add/"),
        format!("{LIST}{id}/change/"),
        format!("{LIST}{id}/history/"),
        format!("{LIST}{id}/delete/"),
        format!("{LIST}{id}/setup/"),
        format!("{LIST}{id}/reset/"),
        "/admin/hooks/delivery/unmatched/".to_owned(),
        "/admin/hooks/delivery/".to_owned(),
        format!("/admin/hooks/delivery/{delivery}/"),
        "/admin/hooks/job/".to_owned(),
        format!("/admin/hooks/job/{job}/"),
        "/admin/password_change/".to_owned(),
    ] {
        let page = panel.get(&address).await;
        assert!(page.address.starts_with("/admin/login/"), "{address}: {}", page.address);
    }
    for row in routes::route_rows().into_iter().filter(|row| matches!(row.access, Access::Needs(_)))
    {
        let address = row.address.replace(urls::ID, &id);
        let page = send(&panel, &row, &address, &fields).await;
        if row.method == "POST" {
            assert_eq!(
                (page.status, page.text("h1").as_str()),
                (403, "You are signed out"),
                "{address}"
            );
        } else {
            assert!(page.address.starts_with("/admin/login/"), "{address}: {}", page.address);
        }
    }
    assert_eq!(app.database().count("webhooks WHERE enabled").await, 1);
}

/// The token that a form carries.
fn token_of(form: &Form) -> String {
    form.value("csrf_token").unwrap().to_owned()
}

/// Asks for a route as the table says.
async fn send(panel: &Panel, row: &Row, address: &str, fields: &[(String, String)]) -> Page {
    match row.method.as_str() {
        "POST" => panel.post(address, fields).await,
        _ => panel.get(address).await,
    }
}

#[tokio::test]
async fn f14_a_viewer_reads_and_changes_nothing() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let viewer = person(&app, "viewer").await;
    let page = viewer.open(&format!("{LIST}{id}/change/")).await;
    page.says("Diaspora");
    assert!(!page.has("main [name=repo_name]"), "a viewer's page has no controls");
    assert!(!viewer.open(LIST).await.attributes("a", "href").contains(&format!("{LIST}add/")));

    // By hand, with the token that a form of theirs carries.
    let csrf = viewer.open("/admin/").await.form_to("/admin/logout/");
    let csrf = csrf.value("csrf_token").unwrap().to_owned();
    let admin = app.panel().await;
    let form = admin.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name");
    let form: Form = form.set("name", "mine").set("csrf_token", &csrf);
    assert_eq!(viewer.submit(form).await.status, 403);
    let delete = admin.open(&format!("{LIST}{id}/delete/")).await;
    let delete = delete.form_to(&format!("{LIST}{id}/delete/")).set("csrf_token", &csrf);
    assert_eq!(viewer.submit(delete).await.status, 403);
    assert_eq!(viewer.get(&format!("{LIST}add/")).await.status, 403);
    let reset = format!("{LIST}{id}/reset/");
    assert_eq!(viewer.get(&reset).await.status, 403);
    let form = admin.open(&reset).await.form_with("version").set("csrf_token", &csrf);
    assert_eq!(viewer.submit(form).await.status, 403);
    let setup = viewer.open(&format!("{LIST}{id}/setup/")).await;
    assert!(!setup.attributes("main a", "href").contains(&reset), "no reset for a viewer");
    let answer = app.send(&Delivery::push_2015().token(TOKEN).with("/project_id", 16)).await;
    let page = format!("/admin/hooks/delivery/{}/", answer.field("delivery"));
    assert!(!viewer.open(&page).await.has(".match-tools a"), "nothing to mend for a viewer");
    assert_eq!(app.database().value("SELECT project_id::text FROM webhooks").await, "15");
    assert_eq!(app.database().value("SELECT name FROM webhooks").await, "");
}

#[tokio::test]
async fn a_person_who_is_switched_off_is_out_at_once() {
    let app = App::start().await;
    let viewer = person(&app, "viewer").await;
    app.database().execute("UPDATE users SET active = false WHERE username = 'viewer'").await;
    assert!(viewer.get("/admin/").await.address.starts_with("/admin/login/"));
    let page = Panel::anonymous(app.base()).try_login("viewer", PASSWORD).await;
    assert!(page.address.starts_with("/admin/login/"));
}

#[tokio::test]
async fn an_address_in_other_letters_opens_no_other_door() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let viewer = person(&app, "viewer").await;
    let csrf = viewer.open("/admin/").await.form_to("/admin/logout/");
    let fields = [("csrf_token".to_owned(), csrf.value("csrf_token").unwrap().to_owned())];
    // `%64` is a `d`: the server reads both alike, so both must ask for the same permission.
    let written = format!("{LIST}{id}/%64elete/");
    assert_eq!(viewer.get(&written).await.status, 403);
    assert_eq!(viewer.post(&written, &fields).await.status, 403);
    let page = Panel::anonymous(app.base()).get(&written).await;
    assert!(page.address.starts_with("/admin/login/"), "{}", page.address);
    assert_eq!(app.database().count("webhooks").await, 1);
}

#[tokio::test]
async fn every_route_of_the_table_asks_for_its_permission() {
    let app = App::start().await;
    for role in [Role::Viewer, Role::Operator] {
        let panel = person(&app, role.as_str()).await;
        let form = panel.open("/admin/").await.form_to("/admin/logout/");
        let fields = [("csrf_token".to_owned(), token_of(&form))];
        for row in routes::route_rows() {
            let Access::Needs(permission) = row.access else { continue };
            if row.address == urls::logout() {
                continue;
            }
            let address = row.address.replace(urls::ID, "1");
            let page = send(&panel, &row, &address, &fields).await;
            let case = format!("{} {} {address}: {}", role.as_str(), row.method, page.status);
            if role.has_permission(permission) {
                // What is not there, or lacks its fields, may be refused for that.
                assert!(page.status != 403 && page.status < 500, "{case}");
                assert!(!page.address.starts_with("/admin/login/"), "{case}");
            } else {
                assert_eq!(page.status, 403, "{case}");
            }
        }
    }
}
