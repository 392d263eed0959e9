//! What a server keeps in memory of the webhooks never outlives a change of them, wherever it was
//! made.

use crate::support::app::{ADMIN, App, PASSWORD, TOKEN};
use crate::support::gitlab::{Answer, Delivery};
use crate::support::page::Form;
use crate::support::panel::Panel;
use crate::support::webhooks::{push, with};

const OTHER_TOKEN: &str = "another-secret-of-the-tests-98765";

async fn sent(app: &App, key: &str, token: &str) -> Answer {
    app.send(&Delivery::push_2015().token(token).key(key)).await
}

async fn form(panel: &Panel, id: &str) -> Form {
    panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await.form_with("repo_name")
}

#[tokio::test]
async fn a_change_made_at_another_server_counts_for_the_next_delivery() {
    let app = App::start().await;
    let other = app.beside().await;
    let id = app.add_webhook(&push()).await;
    sent(&app, "1", TOKEN).await.expect(202, "matched");
    sent(&app, "2", TOKEN).await.expect(202, "matched");

    let panel = Panel::login(&other.base, ADMIN, PASSWORD).await;
    panel.submit(form(&panel, &id).await.unset("enabled")).await;
    sent(&app, "3", TOKEN).await.expect(200, "disabled");

    let enabled = form(&panel, &id).await.set("enabled", "on");
    let replaced = enabled.set("secret_token", OTHER_TOKEN);
    panel.submit(replaced.set("keep_previous_days", "")).await;
    sent(&app, "4", TOKEN).await.expect(401, "rejected");
    sent(&app, "5", OTHER_TOKEN).await.expect(202, "matched");
}

#[tokio::test]
async fn a_row_changed_by_hand_and_a_webhook_that_comes_or_goes_count_at_once() {
    let app = App::start().await;
    app.add_webhook(&push()).await;
    sent(&app, "1", TOKEN).await.expect(202, "matched");
    let database = app.database();
    database.execute("UPDATE webhooks SET ref_filter = 'nothing'").await;
    sent(&app, "2", TOKEN).await.expect(200, "filtered");
    database.execute("UPDATE webhooks SET ref_filter = ''").await;
    app.add_webhook(&with(push(), &[("name", "Twin"), ("action", "print")])).await;
    assert_eq!(sent(&app, "3", TOKEN).await.jobs().len(), 2);
    database.execute("DELETE FROM webhooks WHERE name = 'Twin'").await;
    assert_eq!(sent(&app, "4", TOKEN).await.jobs().len(), 1);
}

#[tokio::test]
async fn every_column_that_deliveries_are_compared_with_raises_the_version() {
    let app = App::start().await;
    let columns = app
        .database()
        .column(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'webhooks' \
             AND column_name NOT LIKE 'last\\_%' AND column_name NOT IN \
             ('id', 'notes', 'created_at', 'updated_at', 'registered_at', 'pending_since') \
             EXCEPT SELECT attname FROM pg_trigger t JOIN pg_attribute a ON attrelid = tgrelid \
             AND attnum = ANY (tgattr) WHERE tgname = 'webhooks_raise_version'",
        )
        .await;
    assert!(columns.is_empty(), "changes of {columns:?} are not noticed");
}
