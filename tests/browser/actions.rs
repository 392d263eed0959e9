//! The catalogue's page and a coloured output, with pictures.

use crate::support::app::{Setup, TOKEN, write_action};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks;

#[tokio::test]
async fn the_catalogue_and_a_coloured_output_are_shown() {
    let more = "user = \"root\"\numask = \"027\"\nlimits = { memory_mib = 2048, cpu_s = 60 }\nsecrets = { DEPLOY_TOKEN = { env = \"HOME\" } }\n[parameters.target]\ntype = \"enum\"\nvalues = [\"staging\", \"production\"]\ndefault = \"staging\"\nhelp = \"Where to\"\n[parameters.since]\ntype = \"git-ref\"\nrequired = false\n";
    let colours = "for n in 0 1 2 3 4 5 6 7; do printf '\\033[3%sm colour %s \\033[9%smbright \\033[1;4%smback\\033[0m\\n' $n $n $n $n; done; printf '\\033[1mbold\\033[0m \\033[2mdim\\033[0m \\033[3mitalic\\033[0m \\033[4munderlined\\033[0m\\n'; printf '\\033[32mPASS\\033[0m all of it\\n' >&2";
    let app = Setup::new()
        .await
        .action("deploy", more, "true")
        .action("colours", "", colours)
        .action("renamed", "", "true")
        .start()
        .await;
    let panel = app.panel().await;
    let form_for = |action: &str| webhooks::with(webhooks::push(), &[("action", action)]);
    panel.add_webhook(&form_for("colours")).await;
    panel.add_webhook(&webhooks::with(form_for("renamed"), &[("name", "nightly")])).await;
    let actions = app.folder().join("actions");
    write_action(&actions, "broken", "colour = 1\n", "true");
    std::fs::remove_file(actions.join("renamed.toml")).unwrap();
    app.hang_up();
    app.logged(&["The actions have changed"]).await;

    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/action/").await;
    browser.pictures("actions").await;
    browser.open("/admin/hooks/webhook/").await;
    browser.pictures("webhooks-action-missing").await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key("1")).await;
    let mut coloured = None;
    for job in answer.jobs() {
        let sql = format!("SELECT action FROM jobs WHERE id = '{job}'");
        if app.database().value(&sql).await == "colours" {
            app.job_is(&job, "succeeded").await;
            coloured = Some(job);
        }
    }
    browser.open(&format!("/admin/hooks/job/{}/", coloured.unwrap())).await;
    browser.pictures("job-colours").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
