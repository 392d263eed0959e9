//! Ways through lists and back: sorted, narrowed, gone on in, opened and saved, asked and declined.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};
use crate::support::{seed, wait};
use fantoccini::Locator;
use serde_json::json;

const LIST: &str = "/admin/hooks/webhook/";
const COUNT: &str = "return document.querySelector('[data-select-count]').textContent";
const TICKED: &str = "return document.querySelectorAll('.row-box:checked').length";
const IDS: &str = "return [...document.querySelectorAll('tr[data-id]')].map(r => r.dataset.id)";

async fn ids(browser: &Browser) -> Vec<String> {
    serde_json::from_value(browser.script(IDS).await).unwrap()
}

/// Clicks a link inside what `css` selects, by its words, however many it counts.
async fn follow(browser: &Browser, css: &str, words: &str) {
    let xpath =
        format!("//*[contains(@class, '{css}')]//a[starts-with(normalize-space(.), '{words}')]");
    let link = browser.found(Locator::XPath(&xpath)).await;
    browser.mouse(&link).await;
}

/// Clicks a choice of a filter, by what it asks for.
async fn filter(browser: &Browser, choice: &str) {
    browser.clicked(Locator::Css(".filters:not([open]) > summary")).await;
    let css = format!(".filters a[href*='{choice}']");
    let link = browser.found(Locator::Css(&css)).await;
    browser.mouse(&link).await;
}

#[tokio::test]
async fn f22_a_heading_sorts_first_and_keeps_the_other_keys_behind_it() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (name, event, id) in [
        ("alpha", ("push", "Push Hook"), "3"),
        ("beta", ("tag_push", "Tag Push Hook"), "2"),
        ("gamma", ("push", "Push Hook"), "1"),
    ] {
        let other = [("repo_name", name), ("project_id", id)];
        let other = with(webhooks::push(), &other);
        let kind = [("object_kind", event.0), ("http_x_gitlab_event", event.1)];
        panel.add_webhook(&with(other, &kind)).await;
    }
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let [alpha, beta, gamma] = ids(&browser).await.try_into().unwrap();
    // The order that a list has by itself is the first key of all.
    browser.open(&format!("{LIST}?o=3")).await;
    assert_eq!(ids(&browser).await, [&*gamma, &*beta, &*alpha]);
    let sorted = "return [...document.querySelectorAll('th[aria-sort]')].map(h => [ \
                  h.querySelector('a').textContent, h.getAttribute('aria-sort'), \
                  h.querySelector('.sort-priority')?.textContent ?? ''])";
    assert_eq!(browser.script(sorted).await, json!([["Project ID", "ascending", ""]]));
    // A second heading goes in front; the first stays behind it.
    follow(&browser, "table", "Event").await;
    browser.at(&format!("{LIST}?o=2.3")).await;
    assert_eq!(ids(&browser).await, [&*gamma, &*alpha, &*beta]);
    let both = json!([["Event", "ascending", "1"], ["Project ID", "ascending", "2"]]);
    assert_eq!(browser.script(sorted).await, both);
    // The same once more turns it round; one key can be taken away.
    browser.clicked(Locator::Css("[aria-sort] .sort-toggle")).await;
    browser.at(&format!("{LIST}?o=-2.3")).await;
    assert_eq!(ids(&browser).await, [&*beta, &*gamma, &*alpha]);
    browser.clicked(Locator::Css("[aria-sort] .sort-remove")).await;
    browser.at(&format!("{LIST}?o=3")).await;
    browser.close().await;
}

#[tokio::test]
async fn f23_a_filter_applies_at_once_and_survives_reload_and_back() {
    let app = App::start().await;
    seed::webhooks(app.database(), 6).await;
    app.database().execute("UPDATE webhooks SET enabled = project_id > 2").await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let state = async || {
        let chips = "return [...document.querySelectorAll('.chip')].map(c => c.firstChild.data)";
        let chips: Vec<String> = serde_json::from_value(browser.script(chips).await).unwrap();
        (browser.address().await, ids(&browser).await.len(), chips)
    };
    let (off, both) = (format!("{LIST}?enabled=0"), format!("{LIST}?enabled=0&object_kind=push"));
    filter(&browser, "enabled=0").await;
    browser.at(&off).await;
    let narrowed = (off.clone(), 2, vec!["Enabled: No".to_owned()]);
    assert_eq!(state().await, narrowed);
    let chosen = "return [...document.querySelectorAll('.filters a[aria-current]')]\
                  .map(a => a.textContent.trim()).filter(words => words !== 'All')";
    filter(&browser, "object_kind=push").await;
    browser.at(&both).await;
    assert_eq!(state().await.2.len(), 2);
    browser.client.refresh().await.unwrap();
    assert_eq!(state().await.0, both);
    assert_eq!(state().await.2.len(), 2);
    browser.client.back().await.unwrap();
    wait::until_equal("the list before", narrowed.clone(), async || state().await).await;
    assert_eq!(browser.script(chosen).await, json!(["No 2"]), "the filter that holds");
    browser.client.forward().await.unwrap();
    browser.at(&both).await;
    // A chip takes its filter away and leaves the other.
    browser.clicked(Locator::Css(".chips li:nth-child(2) a")).await;
    wait::until_equal("the list before", narrowed, async || state().await).await;
    browser.client.back().await.unwrap();
    browser.client.back().await.unwrap();
    browser.client.back().await.unwrap();
    browser.at(LIST).await;
    assert_eq!(state().await.1, 6);
    browser.close().await;
}

#[tokio::test]
async fn f60_older_and_newer_skip_and_double_no_row_while_rows_arrive() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    seed::deliveries(app.database(), 170).await;
    let send = async |id: i64| {
        app.send(&Delivery::push_2015().token(TOKEN).with("/total_commits_count", id)).await;
    };
    let all = "SELECT id FROM deliveries ORDER BY id DESC";
    let before = app.database().column(all).await;
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/delivery/").await;
    let mut seen = ids(&browser).await;
    for arriving in 1..=3 {
        send(arriving).await;
        let was = browser.address().await;
        browser.clicked(Locator::Css("a[rel=next]")).await;
        wait::until("the next page", async || (browser.address().await != was).then_some(())).await;
        seen.extend(ids(&browser).await);
    }
    assert_eq!(seen, before, "in order, each once");
    let none = "return document.querySelector('a[rel=next]') === null";
    assert_eq!(browser.script(none).await, json!(true));
    // Back to the top, the ones that arrived are there too.
    let mut back = ids(&browser).await;
    loop {
        let was = browser.address().await;
        if browser.script("return document.querySelector('a[rel=prev]') === null").await == true {
            break;
        }
        browser.clicked(Locator::Css("a[rel=prev]")).await;
        wait::until("the page before", async || (browser.address().await != was).then_some(()))
            .await;
        back = [ids(&browser).await, back].concat();
    }
    assert_eq!(back, app.database().column(all).await);
    browser.close().await;
}

#[tokio::test]
async fn f15_f16_saving_leads_back_to_the_list_as_it_was_or_to_a_form() {
    let app = App::start().await;
    seed::webhooks(app.database(), 130).await;
    let browser = Browser::logged_in(&app).await;
    let list = format!("{LIST}?q=bulk&enabled=1&o=-3&p=2");
    browser.open(&list).await;
    assert_eq!(browser.script(IDS).await.as_array().unwrap().len(), 30);
    browser.script("document.querySelectorAll('.row-link')[7].click()").await;
    browser.press("Edit").await;
    browser.says("Save and continue editing").await;
    browser.fill("notes", "looked at").await;
    browser.submit("Save").await;
    browser.at(&list).await;
    let link = "const a = document.querySelector('.message[data-level=success] a'); \
                return [a.textContent, new URL(a.href).pathname]";
    let link = browser.script(link).await;
    let id = app.database().value("SELECT id::text FROM webhooks WHERE notes <> ''").await;
    assert_eq!(link[1], json!(format!("{LIST}{id}/")), "{link}");

    browser.script("document.querySelector('.message a').click()").await;
    browser.press("Edit").await;
    browser.fill("notes", "once more").await;
    browser.submit("Save and continue editing").await;
    assert!(browser.address().await.starts_with(&format!("{LIST}{id}/change/")));
    assert_eq!(browser.value("notes").await, "once more");

    browser.open(&format!("{LIST}add/")).await;
    browser.fill("repo_name", "One of two").await;
    browser.fill("repo_url", "git@example.com:a/one.git").await;
    browser.fill("secret_token", TOKEN).await;
    browser.enter("action", "print").await;
    browser.submit("Save and add another").await;
    browser.at(&format!("{LIST}add/")).await;
    browser.found(Locator::Css(".message[data-level=success]")).await;
    let (name, secret) = (browser.value("repo_name").await, browser.value("secret_token").await);
    assert_eq!((name.as_str(), secret.as_str()), ("", ""));
    assert_eq!(app.database().count("webhooks WHERE repo_name = 'One of two'").await, 1);
    browser.close().await;
}

#[tokio::test]
async fn f27_a_question_that_is_declined_leaves_list_and_ticks_as_they_were() {
    let app = App::start().await;
    seed::webhooks(app.database(), 130).await;
    let browser = Browser::logged_in(&app).await;
    let list = format!("{LIST}?q=bulk&o=-3&p=2");
    browser.open(&format!("{LIST}?q=bulk&o=-3")).await;
    browser.script("document.querySelectorAll('.row-box')[4].click()").await;
    browser.open(&list).await;
    let tick = "const b = document.querySelectorAll('.row-box'); b[1].click(); b[2].click()";
    browser.script(tick).await;
    let said = json!("2 of 30 selected, 1 on other pages");
    assert_eq!(browser.script(COUNT).await, said);
    let ask = async || {
        browser.choose("action", "delete").await;
        browser.submit("Go").await;
        browser.says("Delete 3 webhooks?").await;
    };
    ask().await;
    browser.press("Cancel").await;
    browser.at(&list).await;
    assert_eq!(browser.script(COUNT).await, said);
    assert_eq!(browser.script(TICKED).await, json!(2));
    // The browser's own way back, and a question with a wrong answer, lose nothing either.
    ask().await;
    browser.client.back().await.unwrap();
    wait::until_equal("the ticks", said.clone(), async || browser.script(COUNT).await).await;
    app.let_passwords_grow_old().await;
    ask().await;
    browser.fill("_your_password", "wrong").await;
    browser.submit("Delete 3 webhooks").await;
    browser.says("This is not your password.").await;
    browser.press("Cancel").await;
    browser.at(&list).await;
    assert_eq!(browser.script(COUNT).await, said);

    // All that match stay chosen too; what was done is ticked no more.
    browser.open(&format!("{LIST}?q=bulk")).await;
    browser.script("document.querySelector('[data-select-all]').click()").await;
    browser.script("document.querySelector('[data-select-across]').click()").await;
    browser.choose("action", "disable").await;
    browser.submit("Go").await;
    browser.press("Cancel").await;
    browser.at(&format!("{LIST}?q=bulk")).await;
    assert_eq!(browser.script(COUNT).await, json!("All 130 webhooks selected"));
    browser.choose("action", "disable").await;
    browser.submit("Go").await;
    browser.submit("Disable 130 webhooks").await;
    browser.at(&format!("{LIST}?q=bulk")).await;
    assert_eq!(browser.script(COUNT).await, json!("0 of 100 selected"));
    assert_eq!(app.database().count("webhooks WHERE NOT enabled").await, 130);
    browser.close().await;
}

#[tokio::test]
async fn f27_a_replay_that_is_declined_leaves_the_ticks_too() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    for project in [16, 17, 18] {
        app.send(&Delivery::push_2015().token(TOKEN).with("/project_id", project)).await;
    }
    let browser = Browser::logged_in(&app).await;
    let list = "/admin/hooks/delivery/?verdict=unmatched";
    browser.open(list).await;
    let tick = "const b = document.querySelectorAll('.row-box'); b[0].click(); b[2].click()";
    browser.script(tick).await;
    browser.choose("action", "replay").await;
    browser.submit("Go").await;
    browser.says("Nothing to replay").await;
    browser.press("Back to deliveries").await;
    browser.at(list).await;
    assert_eq!(browser.script(COUNT).await, json!("2 of 3 selected"));
    browser.close().await;
}

#[tokio::test]
async fn f35_run_again_keeps_the_filters_of_the_list_it_was_opened_from() {
    let app = Setup::new().await.action("fails", "", "exit 3").start().await;
    let webhook = with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")]);
    app.add_webhook(&webhook).await;
    let [job] = app.send(&Delivery::push_2015().token(TOKEN)).await.jobs().try_into().unwrap();
    app.job_is(&job, "failed").await;
    let browser = Browser::logged_in(&app).await;
    let list = "/admin/hooks/job/?state=failed&q=diaspora";
    browser.open(list).await;
    browser.clicked(Locator::Css(".row-link")).await;
    browser.submit("Run again").await;
    wait::until("a second attempt", async || {
        let done = "job_attempts WHERE number = 2 AND finished_at IS NOT NULL";
        (app.database().count(done).await == 1).then_some(())
    })
    .await;
    browser.found(Locator::Css("#attempt-2")).await;
    browser.clicked(Locator::Css(".breadcrumbs a[href*='/job/']")).await;
    browser.at(list).await;
    browser.close().await;
}
