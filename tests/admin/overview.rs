//! A webhook's own page: what it says to whom, and which links lead there instead of to the form.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::webhooks::{self, with};

const LIST: &str = "/admin/hooks/webhook/";

/// The tabs' words, and the one that is shown.
fn tabs(page: &Page) -> (Vec<String>, Vec<String>) {
    (page.texts("main .tabs a"), page.texts("main .tabs a[aria-current=page]"))
}

#[tokio::test]
async fn the_page_says_what_a_webhook_does_and_what_came_of_it() {
    let deploy = "[parameters.service]\ntype = \"string\"\nrequired = false\n";
    let app = Setup::new().await.action("restart", deploy, "exit 3").start().await;
    let webhook = with(
        webhooks::push(),
        &[
            ("action", "restart"),
            ("max_attempts", "1"),
            ("ref_filter", "master\n!wip/*"),
            ("condition", "not deleted"),
            ("obey_skip", "on"),
            ("notes", "Ask Marta first."),
        ],
    );
    let id = app.add_webhook(&webhook).await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name");
    panel.submit(form.set("param.service", "web").press("_save", "1")).await;
    let page = format!("{LIST}{id}/");
    let before = panel.open(&page).await;
    before.says("No jobs yet").says("Nothing received yet.");
    let [job] = app.send(&Delivery::push_2015().token(TOKEN)).await.jobs().try_into().unwrap();
    app.job_is(&job, "failed").await;

    let shown = panel.open(&page).await;
    assert_eq!(
        shown.texts(".flow > li"),
        [
            "Event Push events of Diaspora",
            "Filters Branches and tags master !wip/* Condition not deleted Not marked “[skip ci]”",
            "Action restart service = web restart",
        ]
    );
    assert_eq!(shown.attributes(".dots a", "href"), [format!("/admin/hooks/job/{job}/")]);
    assert_eq!(shown.attributes(".dots a", "data-state"), ["failed"]);
    shown.says("1 of 1 failed").says("Ask Marta first.").says("Project 15");
    let title = app.database().value("SELECT title FROM jobs").await;
    let line = shown.text(".job-lines > li");
    for words in ["Failed", "exit 3", &title, "da156088", "John Smith", " ms"] {
        assert!(line.contains(words), "{words} in {line}");
    }
    assert_eq!(shown.attributes(".job-lines a", "href"), [format!("/admin/hooks/job/{job}/")]);
    assert!(shown.has(".rail .stack-plot a") && shown.has(".rail-list [data-state=matched]"));

    // What is read leads here, what mends it to the form.
    let leads = |page: &Page, css: &str| page.attributes(css, "href");
    assert_eq!(leads(&panel.open(LIST).await, ".row-link"), std::slice::from_ref(&page));
    let found = panel.open("/admin/search/?q=diaspora").await;
    let first = leads(&found, ".row-link").remove(0);
    assert!(first.starts_with(&page) && !first.contains("/change/"), "{first}");
    let of_job = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    assert!(leads(&of_job, ".facts a").contains(&page), "{}", of_job.html);
    let other = Delivery::push_2015().with("/project_id", 16).token(TOKEN);
    let unmatched = app.send(&other).await.field("delivery");
    let delivery = panel.open(&format!("/admin/hooks/delivery/{unmatched}/")).await;
    let links = leads(&delivery, "main a");
    assert!(links.contains(&page), "{links:?}");
    let mends = format!("{page}change/?project_id=16");
    assert!(links.iter().any(|link| link.starts_with(&mends)), "{links:?}");
}

#[tokio::test]
async fn tabs_lead_through_a_webhooks_pages_and_back_to_the_list_as_it_was() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let list = format!("{LIST}?q=diaspora");
    let opened = panel.open(&list).await.attributes(".row-link", "href").remove(0);
    let shown = panel.open(&opened).await;
    let all = ["Overview", "Edit", "Setup", "Test", "Deliveries", "Jobs", "History"];
    assert_eq!(tabs(&shown), (all.map(str::to_owned).into(), vec!["Overview".to_owned()]));
    let links = shown.attributes("main .tabs a", "href");
    for (word, link) in all.iter().zip(&links) {
        let page = panel.open(link).await;
        assert_eq!(page.status, 200, "{link}");
        match *word {
            "Deliveries" | "Jobs" => {
                assert_eq!(page.address.split_once('?').unwrap().1, format!("webhook={id}"));
            }
            _ => {
                assert_eq!(tabs(&page).1, [*word], "{link}");
                let head = page.text("main h1");
                assert!(head.starts_with("Diaspora push"), "{head}");
                assert!(page.has(&format!(".breadcrumbs a[href='{list}']")) || *word != "Edit");
            }
        }
    }
    let form = panel.open(&links[1]).await.form_with("repo_name");
    let saved = panel.submit(form.set("notes", "x").press("_save", "1")).await;
    assert_eq!(saved.address, list);
    assert_eq!(saved.attributes(".message a", "href"), [format!("{LIST}{id}/")]);
    // Accounts have a form and no more: their bare address leads to it, as ever.
    let account = panel.get("/admin/auth/user/1/").await;
    assert_eq!(account.address, "/admin/auth/user/1/change/");
    assert!(!account.has("main .tabs"));
}

#[tokio::test]
async fn the_switch_stays_on_the_page_and_others_read_the_state() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let here = format!("{LIST}{id}/?_changelist_filters=q%3Ddiaspora");
    let shown = panel.open(&here).await;
    assert_eq!(shown.attributes(".switch", "aria-checked"), ["true"]);
    let off = panel.submit(shown.form_with("enabled").press("enabled", "0")).await;
    assert_eq!(off.address, here, "{}", off.html);
    assert_eq!(off.attributes(".switch", "aria-checked"), ["false"]);
    off.says("It is disabled and runs nothing.");
    let undo = off.attributes(".message form", "action").remove(0);
    let on = panel.submit(off.form_to(&undo).press("enabled", "1")).await;
    assert_eq!(
        (on.address.as_str(), on.attributes(".switch", "aria-checked")),
        (here.as_str(), vec!["true".to_owned()])
    );

    let viewer = app.person("viewer").await;
    let shown = viewer.open(&format!("{LIST}{id}/")).await;
    assert!(!shown.has(".switch") && shown.has("main h1 [data-state=enabled]"), "{}", shown.html);
    assert_eq!(tabs(&shown).0[1], "Settings");
    let settings = viewer.open(&format!("{LIST}{id}/change/")).await;
    assert_eq!(tabs(&settings).1, ["Settings"]);
    assert!(!settings.has("[name=repo_name]"), "{}", settings.html);
}

#[tokio::test]
async fn what_holds_a_webhook_back_is_said_on_its_page() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    let panel = app.panel().await;
    let page = format!("{LIST}{id}/");
    let shown = panel.open(&page).await;
    assert!(shown.has("main h1 [data-state=pending]"), "{}", shown.html);
    let setup = format!("{page}setup/");
    assert_eq!(shown.attributes("main .button[data-kind=primary]", "href"), [setup]);
    shown.says("None yet. The Test is the first.");
    let pause = "/admin/hooks/worker/pause/";
    let form = panel.open("/admin/hooks/worker/").await.form_to(pause);
    panel.submit(form.set("scope", &format!("webhook:{id}")).set("reason", "release day")).await;
    let shown = panel.open(&page).await;
    assert!(shown.has("main h1 [data-state=paused]"), "{}", shown.html);
    assert_eq!(panel.get(&format!("{LIST}4711/")).await.status, 404);
}
