//! Accounts: added in two steps, given a role, switched off, deleted; what is refused, and why.

use crate::support::app::{ADMIN, App, PASSWORD};
use crate::support::page::Form;
use crate::support::panel::Panel;

const LIST: &str = "/admin/auth/user/";
const OTHER: &str = "a quite different pass phrase";

async fn change_form(panel: &Panel, id: &str) -> Form {
    panel.open(&format!("{LIST}{id}/change/")).await.form_with("role")
}

async fn own_id(app: &App) -> String {
    app.database().value(&format!("SELECT id::text FROM users WHERE username = '{ADMIN}'")).await
}

#[tokio::test]
async fn a_user_is_added_in_two_steps() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("username");
    let wrong = form.clone().set("username", "a b").set("password", "short");
    let page = panel.submit(wrong).await;
    assert!(page.text("title").starts_with("Error"), "{}", page.html);
    let named = page.attributes("[aria-invalid=true]", "name");
    assert_eq!(named, ["username", "password", "password_again"]);
    assert!(!page.html.contains("short\""), "a password is not echoed");
    let taken = form.clone().set("username", "ADA");
    let taken = taken.set("password", OTHER).set("password_again", OTHER);
    panel.submit(taken).await.says("A user named ADA already exists.");

    let form = form.set("username", "grace");
    let form = form.set("password", OTHER).set("password_again", OTHER);
    let page = panel.submit(form.press("_save", "1")).await;
    // Whatever the button, the second step comes next.
    assert!(page.address.ends_with("/change/"), "{}", page.address);
    page.says("grace").says("argon2id, 256 KiB, 2 passes, 1 lane");
    assert!(!page.html.contains("$argon2id$"), "the hash is not shown");
    let form = page.form_with("role");
    assert_eq!((form.value("role"), form.value("active")), (Some("viewer"), Some("on")));
    panel.submit(form.set("role", "operator").press("_save", "1")).await;

    let list = panel.open(&format!("{LIST}?role=operator&active=1")).await;
    assert_eq!(list.rows().len(), 1);
    assert!(list.states("tbody").contains(&"operator".to_owned()), "{:?}", list.states("tbody"));
    assert_eq!(panel.open(&format!("{LIST}?q=grac")).await.rows().len(), 1);
    assert_eq!(panel.open(&format!("{LIST}?o=-1")).await.rows().len(), 2);
    let json = panel.get(&format!("{LIST}?format=json")).await;
    assert!(json.html.contains("\"grace\"") && !json.html.contains("argon2"), "{}", json.html);

    let grace = Panel::login(app.base(), "grace", OTHER).await;
    assert_eq!(grace.get(LIST).await.status, 403);
    let stored = app.database().column("SELECT changes::text FROM audit_log").await.concat();
    assert!(!stored.contains(OTHER) && stored.contains("operator"), "{stored}");
}

#[tokio::test]
async fn f51_the_last_administrator_and_oneself_stay_with_the_reason() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = own_id(&app).await;
    // Even with another administrator about, nobody takes themselves out.
    let other = app.account("bob", "admin").await;
    let demoted = change_form(&panel, &id).await.set("role", "viewer");
    panel.submit(demoted).await.says("You cannot change your own role.");
    let off = change_form(&panel, &id).await.unset("active");
    panel.submit(off).await.says("You cannot disable your own account.");
    let ask = panel.open(&format!("{LIST}{id}/delete/")).await;
    ask.says("This is your own account.");
    assert!(!ask.has("main form [data-kind=danger]"), "no button for what is refused");

    // By hand, as a page that was open for long would.
    let form = panel.open(&format!("{LIST}{other}/delete/")).await;
    let form = form.form_to(&format!("{LIST}{other}/delete/"));
    let by_hand = Form { action: format!("{LIST}{id}/delete/"), ..form.clone() };
    let refused = panel.submit(by_hand).await;
    assert_eq!(refused.status, 409, "{}", refused.html);
    refused.says("This is your own account.");

    // Of two administrators one may go; then one is left, whoever asks.
    let bob = Panel::login(app.base(), "bob", PASSWORD).await;
    panel.submit(change_form(&panel, &other).await.set("role", "operator")).await;
    assert_eq!(bob.get(LIST).await.status, 403, "a role counts from the next request on");
    assert_eq!(app.database().count("users").await, 2);
}

#[tokio::test]
async fn f51_two_administrators_who_remove_each_other_at_once_leave_one() {
    for _ in 0..5 {
        let app = App::start().await;
        let (ada, ada_id) = (app.panel().await, own_id(&app).await);
        let bob_id = app.account("bob", "admin").await;
        let bob = Panel::login(app.base(), "bob", PASSWORD).await;
        let of_bob = change_form(&ada, &bob_id).await.set("role", "viewer");
        let of_ada = change_form(&bob, &ada_id).await.set("role", "viewer");
        let (one, two) = tokio::join!(ada.submit(of_bob), bob.submit(of_ada));
        let sql = "SELECT count(*)::text FROM users WHERE role = 'admin' AND active";
        assert_eq!(app.database().value(sql).await, "1", "{} {}", one.status, two.status);
    }
}

#[tokio::test]
async fn who_is_switched_off_is_signed_out_everywhere() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "operator").await;
    let grace = Panel::login(app.base(), "grace", PASSWORD).await;
    panel.submit(change_form(&panel, &id).await.unset("active")).await;
    assert!(grace.get("/admin/").await.address.starts_with("/admin/login/"));
    let sql = format!("SELECT count(*)::text FROM sessions WHERE user_id = {id}");
    assert_eq!(app.database().value(&sql).await, "0");
    let page = panel.open(&format!("{LIST}{id}/history/")).await;
    page.says("Active").says("Yes").says("No").says(ADMIN);
}

#[tokio::test]
async fn a_deleted_user_leaves_name_and_history() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "operator").await;
    let grace = Panel::login(app.base(), "grace", PASSWORD).await;
    let address = format!("{LIST}{id}/delete/");
    let ask = panel.open(&address).await;
    ask.says("open session").says("in the log").says("disable it instead");
    let page = panel.submit(ask.form_to(&address)).await;
    assert_eq!(page.address, LIST, "{}", page.html);
    assert!(grace.get("/admin/").await.address.starts_with("/admin/login/"));
    let gone = panel.get(&format!("{LIST}{id}/change/")).await;
    assert_eq!(gone.status, 404);
    assert!(gone.attributes("main a", "href").contains(&format!("{LIST}{id}/history/")));
    panel.open(&format!("{LIST}{id}/history/")).await.says("It was deleted.").says("grace");
    // Only who may see users is led to them.
    panel.open("/admin/log/?user=grace").await.says("Signed in");
}

#[tokio::test]
async fn a_password_is_set_for_another_and_ends_their_sessions() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "viewer").await;
    let grace = Panel::login(app.base(), "grace", PASSWORD).await;
    let address = format!("{LIST}{id}/password/");
    let form = panel.open(&address).await.form_with("password");
    let page = panel.submit(form.clone().set("password", "grace").set("password_again", "x")).await;
    page.says("Use at least 10 characters.").says("not the same");
    assert_eq!(grace.get("/admin/").await.address, "/admin/");
    let form = form.set("password", OTHER).set("password_again", OTHER);
    let page = panel.submit(form).await;
    assert_eq!(page.address, format!("{LIST}{id}/change/"), "{}", page.html);
    assert!(grace.get("/admin/").await.address.starts_with("/admin/login/"));
    Panel::login(app.base(), "grace", OTHER).await;
    let own = own_id(&app).await;
    let page = panel.get(&format!("{LIST}{own}/password/")).await;
    assert_eq!(page.address, "/admin/password_change/", "one's own asks for the old one");
}

#[tokio::test]
async fn two_who_change_one_user_meet() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.account("grace", "viewer").await;
    let late = change_form(&panel, &id).await.set("role", "admin");
    panel.submit(change_form(&panel, &id).await.set("role", "operator")).await;
    let page = panel.submit(late).await;
    assert_eq!(page.status, 409, "{}", page.html);
    page.says("Operator").says("Admin");
    let sql = "SELECT role FROM users WHERE username = 'grace'";
    assert_eq!(app.database().value(sql).await, "operator");
}
