//! The catalogue in the panel: what is listed, and that changes of the directory are noticed while
//! the server runs.

use crate::support::app::{App, Setup, TOKEN, write_action};
use crate::support::gitlab::Delivery;
use crate::support::{wait, webhooks};
use std::fs;

const PAGE: &str = "/admin/hooks/action/";
const LIST: &str = "/admin/hooks/webhook/";

const DEPLOY: &str = "timeout_s = 42\nlane = \"host\"\nlimits = { memory_mib = 2048 }\n[parameters.target]\ntype = \"enum\"\nvalues = [\"staging\", \"production\"]\n[parameters.count]\ntype = \"integer\"\nmin = 1\nmax = 5\ndefault = 2\n[parameters.dry]\ntype = \"boolean\"\n[parameters.since]\ntype = \"git-ref\"\nrequired = false\n";

async fn page_says(app: &App, words: &str) {
    let panel = app.panel().await;
    wait::until(&format!("“{words}” on the page"), async || {
        panel.open(PAGE).await.main().contains(words).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_page_lists_entries_their_limits_and_the_webhooks_that_use_them() {
    let app = Setup::new().await.action("deploy", DEPLOY, "true").start().await;
    let panel = app.panel().await;
    let webhook = webhooks::with(webhooks::push(), &[("action", "deploy")]);
    // The fields of an action come once it is chosen; without scripts, with the first answer.
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name").fill(&webhook);
    let page = panel.submit(form).await;
    let form = page.form_with("repo_name");
    for (field, options) in [("param.target", "staging"), ("param.dry", "true")] {
        let found = page.attributes(&format!("select[name=\"{field}\"] option"), "value");
        assert!(found.iter().any(|value| value == options), "{field}: {found:?}");
    }
    assert_eq!(page.attributes("input[name=\"param.count\"]", "type"), ["number"]);
    assert!(page.has("input[name=\"param.since\"][type=text]"), "{}", page.html);
    let wrong = form.clone().set("secret_token", TOKEN).set("param.target", "staging");
    let wrong = panel.submit(wrong.set("param.count", "6").set("param.since", "a..b")).await;
    wrong.says("Enter a whole number from 1 to 5.").says("Enter a branch, a tag or a ref");
    let form = wrong.form_with("repo_name").set("secret_token", TOKEN);
    panel.submit(form.set("param.count", "5").set("param.since", "main")).await;

    let page = panel.open(PAGE).await;
    page.says("42 s").says("2048 MiB").says("host").says("one of staging, production");
    page.says("a whole number from 1 to 5").says("default: 2").says("Diaspora");
    assert!(page.has("[aria-current=page][href=\"/admin/hooks/action/\"]"), "{}", page.html);
}

#[tokio::test]
async fn a_changed_or_removed_entry_is_noticed_where_it_is_used() {
    let app = Setup::new().await.action("probe", "", "echo one").start().await;
    let actions = app.folder().join("actions");
    let panel = app.panel().await;
    let webhook = webhooks::with(webhooks::push(), &[("action", "probe"), ("max_attempts", "1")]);
    let id = panel.add_webhook(&webhook).await;
    let change = format!("{LIST}{id}/change/");
    assert!(!panel.open(&change).await.main().contains("has changed"));

    write_action(&actions, "probe", "timeout_s = 77\n", "echo two");
    page_says(&app, "action changed").await;
    panel.open(&change).await.says("The action has changed since this webhook was saved.");
    panel.open(LIST).await.says("action changed");
    panel.submit(panel.open(&change).await.form_with("repo_name")).await;
    assert!(!panel.open(&change).await.main().contains("has changed"), "it was saved again");
    assert!(!panel.open(LIST).await.main().contains("action changed"));

    let more = "[parameters.branch]\ntype = \"string\"\n";
    write_action(&actions, "probe", more, "echo three");
    page_says(&app, "parameters do not fit").await;
    panel.open(&change).await.says("the parameters do not fit the action. branch: Fill this in");

    fs::write(actions.join("probe.toml"), "\ncolour = 1\ncommand = ['/bin/true']\n").unwrap();
    // SIGHUP does not wait for the next look.
    app.hang_up();
    page_says(&app, "probe.toml:2: colour is not a key that is known here").await;
    panel.open(&change).await.says("Its jobs will fail.").says("colour is not a key");
    panel.open(LIST).await.says("action missing");
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key("1")).await;
    let job = answer.expect(202, "matched").jobs()[0].clone();
    app.job_is(&job, "failed").await;

    fs::remove_file(actions.join("probe.toml")).unwrap();
    page_says(&app, "the actions directory has no probe.toml").await;
    // Back again, the same job can be run.
    write_action(&actions, "probe", "", "echo back");
    page_says(&app, "probe").await;
    app.logged(&["The actions have changed"]).await;
}

#[tokio::test]
async fn f62_a_run_shows_its_colours_without_any_control_byte_and_what_it_used() {
    let script = "printf '\\033[1;31mred\\033[0m plain\\n\\033[2J\\033]0;title\\007\\a\\bback\\377\\n10%%\\r20%%\\rdone\\n'; head -c 30000000 /dev/zero | tail -c 30000000 | wc -c";
    let app = Setup::new().await.action("probe", "", script).start().await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::with(webhooks::push(), &[("action", "probe")])).await;
    let job = app.send(&Delivery::push_2015().token(TOKEN).key("1")).await.jobs()[0].clone();
    app.job_is(&job, "succeeded").await;
    let page = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    page.says("CPU time").says("memory up to");
    assert_eq!(page.texts(".log .fg-1.bold"), ["red"]);
    page.says("red plain").says("done");
    let log = page.texts(".log code").join("\n");
    assert!(!log.chars().any(|c| c.is_control() && c != '\n'), "{log:?}");
    assert!(!log.contains("[2J") && !log.contains("title"), "{log:?}");
    let sql = "SELECT (peak_memory_kib > 29000 AND cpu_ms >= 0)::text FROM job_attempts";
    assert_eq!(app.database().value(sql).await, "true");
}
