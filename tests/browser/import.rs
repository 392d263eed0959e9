//! A file of webhooks, chosen, looked at and imported.

use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::wait;
use crate::support::webhooks::{form_for, push, with};
use fantoccini::Locator;
use serde_json::json;

const LIST: &str = "/admin/hooks/webhook/";
const TEXT: &str = "return document.getElementById('import-text').value";

#[tokio::test]
async fn f74_a_file_is_chosen_its_plan_read_and_its_webhooks_imported() {
    let app = App::start().await;
    let panel = app.panel().await;
    let other =
        form_for("Other", "https://gitlab.example.com/a/other.git", ("push", "Push Hook"), 7);
    panel.add_webhook(&with(push(), &[("notes", "as it was")])).await;
    panel.add_webhook(&other).await;
    let yaml = panel.open("/admin/hooks/webhook/export/").await.html;
    app.database().execute("DELETE FROM webhooks WHERE repo_name = 'Other'").await;
    let changed =
        yaml.replace("as it was", "as the file has it").replace("attempts: 3", "attempts: 5");
    let path = app.folder().join("webhooks.yaml");
    let broken = app.folder().join("broken.yaml");
    std::fs::write(&path, &changed).unwrap();
    std::fs::write(&broken, changed.replace("action: print", "action: nothing")).unwrap();

    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    browser.press("Import").await;
    browser.at(&format!("{LIST}import/")).await;
    browser.pictures("webhook-import").await;
    let choose = async |path: &std::path::Path| {
        let input = browser.found(Locator::Id("import-pick")).await;
        input.send_keys(path.to_str().unwrap()).await.unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        wait::until_equal("the field's text", json!(text), async || browser.script(TEXT).await)
            .await;
    };
    choose(&broken).await;
    browser.submit("Preview import").await;
    browser.says("Nothing can be imported while a webhook in the file is invalid").await;
    browser.pictures("webhook-import-faulty").await;
    choose(&path).await;
    browser.submit("Preview again").await;
    browser.says("nothing has been imported yet").await;
    browser.says("Needs a secret").await;
    browser.pictures("webhook-import-plan").await;
    browser.submit("Import 2 webhooks").await;
    browser.at(LIST).await;
    let message = browser.found(Locator::Css(".message[data-level=success]")).await;
    let message = message.text().await.unwrap();
    let done = "Imported: 1 added, 1 changed, 0 unchanged.";
    assert!(message.contains(done) && message.contains("until they have a secret: Other push."));
    browser.pictures("webhook-import-done").await;
    let done = "webhooks WHERE max_attempts = 5 AND (enabled = (repo_name = 'Diaspora'))";
    assert_eq!(app.database().count(done).await, 2);
    browser.press("Disabled webhooks").await;
    browser.at(&format!("{LIST}?enabled=0")).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
