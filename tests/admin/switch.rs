//! The switch in the list's rows, what it says, and who has it; and which changes of a webhook ask
//! for the password again.

use crate::support::app::{App, PASSWORD};
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks;

const LIST: &str = "/admin/hooks/webhook/";

async fn is_enabled(app: &App) -> bool {
    app.database().value("SELECT enabled::text FROM webhooks").await == "true"
}

/// Presses the row's switch, as a browser does: the form that the button names, sent to the
/// address and with the value that the button carries.
async fn press(panel: &Panel, page: &Page) -> Page {
    let part = |name: &str| page.attributes(".switch", name).remove(0);
    assert_eq!(part("form"), "row-form");
    let mut form = page.form_with("csrf_token");
    form.action = part("formaction");
    "post".clone_into(&mut form.method);
    form.fields.retain(|(name, _)| name == "csrf_token");
    panel.submit(form.press(&part("name"), &part("value"))).await
}

#[tokio::test]
async fn a_row_is_switched_off_logged_and_undone_on_the_list_as_it_was() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let narrowed = format!("{LIST}?object_kind=push&o=-2");
    let page = press(&panel, &panel.open(&narrowed).await).await;
    assert_eq!((page.address.as_str(), is_enabled(&app).await), (narrowed.as_str(), false));
    assert!(page.text(".message").contains("was disabled."), "{}", page.html);
    panel.open(&format!("{LIST}{id}/history/")).await.says("Enabled").says("ada");
    // The message's button takes it back.
    let page = press(&panel, &panel.open(&narrowed).await).await;
    assert!(is_enabled(&app).await);
    let undo = page.attributes(".message form", "action").remove(0);
    let page = panel.submit(page.form_to(&undo).press("enabled", "0")).await;
    assert_eq!((page.address.as_str(), is_enabled(&app).await), (narrowed.as_str(), false));
    assert_eq!(app.database().count("audit_log WHERE verb = 'change'").await, 3);
    // Pressed twice, it changes nothing.
    let page = panel.open(LIST).await;
    app.database().execute("UPDATE webhooks SET enabled = true").await;
    let page = press(&panel, &page).await;
    assert!(page.text(".message").contains("was already enabled"), "{}", page.html);
    // Without a secret it stays off, and says why.
    app.database().execute("UPDATE webhooks SET enabled = false, secret_digest = NULL").await;
    let page = press(&panel, &panel.open(LIST).await).await;
    assert!(page.text(".message").contains("stays disabled: it has no secret"), "{}", page.html);
    assert!(!is_enabled(&app).await);
    assert_eq!(panel.get(&format!("{LIST}4711/switch/")).await.status, 405);
}

#[tokio::test]
async fn who_may_not_change_webhooks_sees_the_state_and_no_switch() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    app.database().execute("UPDATE users SET role = 'operator'").await;
    let panel = app.panel().await;
    let page = panel.open(LIST).await;
    assert!(!page.has(".switch"));
    page.says("Enabled");
    let token = page.form_with("csrf_token").value("csrf_token").unwrap().to_owned();
    let fields = [("csrf_token".to_owned(), token), ("enabled".to_owned(), "0".to_owned())];
    let page = panel.post(&format!("{LIST}{id}/switch/"), &fields).await;
    assert_eq!((page.status, is_enabled(&app).await), (403, true));
}

#[tokio::test]
async fn what_cannot_be_brought_back_asks_for_the_password_again() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    app.let_passwords_grow_old().await;
    for verb in ["delete", "reset"] {
        let address = format!("{LIST}{id}/{verb}/");
        let ask = panel.open(&address).await.form_to(&address);
        let page = panel.submit(ask).await;
        page.says("Enter your own password");
        let page = panel.submit(page.form_to(&address).set("_your_password", "wrong")).await;
        page.says("This is not your password.");
        assert_eq!(app.database().count("webhooks WHERE project_id = 15").await, 1, "{verb}");
    }
    let list = panel.open(LIST).await;
    let form = list.form_with("action").set("action", "delete").press("_selected_action", &id);
    let asked = panel.submit(form).await;
    let page = panel.submit(asked.form_with("post")).await;
    page.says("Enter your own password");
    assert_eq!(app.database().count("webhooks").await, 1);
    let form = page.form_with("post").set("_your_password", PASSWORD);
    let page = panel.submit(form).await;
    assert!(page.text(".message").contains("1 webhook was deleted."), "{}", page.html);
    assert_eq!(app.database().count("webhooks").await, 0);
}
