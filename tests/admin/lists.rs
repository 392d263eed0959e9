//! Changelists: search, filters, order, pages, and the same rows as JSON and CSV.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::{Answer, Delivery};
use crate::support::seed;
use crate::support::webhooks::{self, with};
use serde_json::Value;

const WEBHOOKS: &str = "/admin/hooks/webhook/";

#[tokio::test]
async fn f58_empty_lists_say_what_to_do_first() {
    let app = App::start().await;
    let panel = app.panel().await;
    for list in [WEBHOOKS, "/admin/hooks/delivery/", "/admin/hooks/job/"] {
        let page = panel.open(list).await;
        assert!(page.rows().is_empty());
        page.says("yet");
    }
}

#[tokio::test]
async fn f56_f58_webhooks_are_searched_filtered_and_ordered() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (name, id) in [("alpha one", "11"), ("alpha two", "-1"), ("beta", "13")] {
        let webhook = with(webhooks::push(), &[("repo_name", name), ("project_id", id)]);
        panel.add_webhook(&webhook).await;
    }
    let found = |query: &str| {
        let (panel, address) = (&panel, format!("{WEBHOOKS}{query}"));
        async move { panel.open(&address).await.rows().len() }
    };
    assert_eq!(found("").await, 3);
    assert_eq!(found("?q=alpha").await, 2);
    assert_eq!(found("?q=two%20alpha").await, 1);
    assert_eq!(found("?q=nothing").await, 0);
    panel.open(&format!("{WEBHOOKS}?q=nothing")).await.says("Clear");

    // Whatever order a heading gives, it is an order of all rows.
    let page = panel.open(WEBHOOKS).await;
    for link in page.attributes("thead a", "href") {
        let ordered = panel.get(&format!("{WEBHOOKS}{}", link.trim_start_matches(WEBHOOKS))).await;
        assert_eq!((ordered.status, ordered.rows().len()), (200, 3), "{link}");
    }
    // A bad part of the address is named, the rest counts.
    let page = panel.get(&format!("{WEBHOOKS}?q=alpha&no_such_filter=1")).await;
    assert_eq!((page.status, page.rows().len()), (200, 2));
    assert!(page.html.contains("no_such_filter"), "{}", page.html);
}

#[tokio::test]
async fn every_list_answers_as_json_and_csv_too() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    for (list, member, value) in [
        (WEBHOOKS, "repo_name", "Diaspora"),
        ("/admin/hooks/delivery/", "verdict", "matched"),
        ("/admin/hooks/job/", "state", "succeeded"),
    ] {
        let page = panel.get(&format!("{list}?format=json")).await;
        assert_eq!(page.status, 200, "{}", page.html);
        assert!(page.headers["content-type"].to_str().unwrap().contains("json"));
        let rows = rows_of(&page.html);
        assert_eq!(rows.len(), 1, "{}", page.html);
        assert_eq!(rows[0][member], value, "{}", page.html);
        assert!(!page.html.contains(TOKEN));

        let page = panel.get(&format!("{list}?format=csv")).await;
        assert!(page.headers["content-type"].to_str().unwrap().contains("csv"));
        let mut lines = page.html.lines();
        assert!(lines.next().unwrap().split(',').any(|name| name == member), "{}", page.html);
        assert!(lines.next().unwrap().contains(value), "{}", page.html);
    }
}

fn rows_of(text: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(text).unwrap();
    match json {
        Value::Array(rows) => rows,
        Value::Object(members) => {
            members.into_iter().find_map(|(_, value)| value.as_array().cloned()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn data_for_programs_needs_a_login_too() {
    let app = App::start().await;
    for list in [WEBHOOKS, "/admin/hooks/delivery/", "/admin/hooks/job/"] {
        for format in ["json", "csv"] {
            let url = format!("{}{list}?format={format}", app.base());
            let client = reqwest::Client::builder();
            let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
            let answer = Answer::of(client.get(url).send().await.unwrap()).await;
            assert_eq!(answer.status, 302, "{list} as {format}");
        }
    }
}

#[tokio::test]
async fn deliveries_and_jobs_are_told_apart_by_verdict_and_state() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(200, "duplicate");
    let other = Delivery::push_2015().token(TOKEN).with("/project_id", 16);
    app.send(&other).await.expect(200, "unmatched");
    app.send(&Delivery::push_2015().token("wrong")).await.expect(401, "rejected");
    let panel = app.panel().await;
    let list = "/admin/hooks/delivery/";
    assert_eq!(panel.open(list).await.rows().len(), 4);
    for verdict in ["matched", "duplicate", "unmatched", "rejected"] {
        let page = panel.open(&format!("{list}?verdict={verdict}")).await;
        assert_eq!(page.rows().len(), 1, "{verdict}: {}", page.main());
        let states = page.states("[data-id]");
        assert!(states.contains(&verdict.to_owned()), "{states:?}");
    }
    assert_eq!(panel.open("/admin/hooks/job/?state=failed").await.rows().len(), 0);
}

#[tokio::test]
async fn f4_a_pending_webhook_says_so_in_words_in_the_list_and_on_its_page() {
    let app = App::start().await;
    let panel = app.panel().await;
    let pending = panel.add_webhook(&webhooks::pending_push()).await;
    panel.add_webhook(&with(webhooks::push(), &[("repo_name", "Registered")])).await;
    let list = panel.open(WEBHOOKS).await;
    let row = format!("[data-id=\"{pending}\"]");
    assert_eq!(list.texts(&format!("{row} [data-state=pending]")), ["Pending registration"]);
    assert_eq!(list.texts("[data-id] [data-state=pending]").len(), 1);
    let page = panel.open(&format!("{WEBHOOKS}{pending}/change/")).await;
    let badges = page.texts("[data-state=pending]");
    assert!(badges.contains(&"Pending registration".to_owned()), "{badges:?}");
    assert_eq!(page.form_with("repo_name").value("project_id"), Some("-1"));
}

#[tokio::test]
async fn f21_every_word_must_be_there_and_a_quoted_phrase_in_one_piece() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (name, notes, id) in
        [("web shop", "of alpha", "1"), ("shop web", "alpha", "2"), ("web", "beta", "3")]
    {
        let webhook = [("repo_name", name), ("notes", notes), ("project_id", id)];
        panel.add_webhook(&with(webhooks::push(), &webhook)).await;
    }
    for (words, found) in [
        ("web", 3),
        ("web+alpha", 2),
        ("ALPHA+Shop", 2),
        ("web+shop", 2),
        ("%22web+shop%22", 1),
        ("%22web+shop%22+alpha", 1),
        ("%22web+shop%22+beta", 0),
        ("of+%22shop+web%22", 0),
    ] {
        let page = panel.open(&format!("{WEBHOOKS}?q={words}")).await;
        assert_eq!(page.rows().len(), found, "{words}");
    }
}

#[tokio::test]
async fn f57_what_is_not_there_leads_to_its_list_and_to_the_log() {
    let app = App::start().await;
    let (panel, viewer) = (app.panel().await, app.person("viewer").await);
    let (delivery, job) = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW");
    for (address, list, id) in [
        (format!("{WEBHOOKS}999/change/"), WEBHOOKS, "999"),
        (format!("{WEBHOOKS}999/history/"), WEBHOOKS, "999"),
        (format!("{WEBHOOKS}999/setup/"), WEBHOOKS, "999"),
        (format!("{WEBHOOKS}999/delete/"), WEBHOOKS, "999"),
        (format!("/admin/hooks/delivery/{delivery}/"), "/admin/hooks/delivery/", delivery),
        (format!("/admin/hooks/job/{job}/"), "/admin/hooks/job/", job),
        ("/admin/auth/user/999/change/".to_owned(), "/admin/auth/user/", "999"),
    ] {
        let page = panel.get(&address).await;
        assert_eq!((page.status, page.text("h1").as_str()), (404, "Not found"), "{address}");
        let links = page.attributes("main a", "href");
        let log = format!("/admin/log/?q={id}");
        assert!(links.contains(&list.to_owned()) && links.contains(&log), "{address}: {links:?}");
        // Nobody is sent where they may not go.
        let links = viewer.get(&address).await.attributes("main a", "href");
        assert!(!links.contains(&log), "{address}: {links:?}");
    }
}

#[tokio::test]
async fn f59_more_than_ten_thousand_are_not_counted_out() {
    let app = App::start().await;
    seed::deliveries(app.database(), 10_050).await;
    let panel = app.panel().await;
    for list in ["/admin/hooks/delivery/", "/admin/hooks/job/"] {
        let page = panel.open(list).await;
        assert!(page.text(".pagination-total").starts_with("10,000+ "), "{}", page.main());
        assert!(!page.main().contains("10,050"));
    }
    let few = panel.open("/admin/hooks/delivery/?verdict=unmatched").await;
    assert!(few.text(".pagination-total").starts_with("201 "), "{}", few.main());
}

#[tokio::test]
async fn up_to_two_hundred_rows_can_be_shown_on_one_page() {
    let app = App::start().await;
    seed::webhooks(app.database(), 130).await;
    let panel = app.panel().await;
    let page = panel.open(&format!("{WEBHOOKS}?o=-3")).await;
    let all = page.attributes(".pagination a", "href");
    let all = all.iter().find(|href| href.contains("all=1")).unwrap();
    let whole = panel.open(all).await;
    assert_eq!((page.rows().len(), whole.rows().len()), (100, 130));
    assert_eq!(whole.rows()[..100], page.rows()[..], "the order stays");
    assert!(!whole.has(".pagination [aria-current]"), "one page has no numbers");
    // As Django writes it; what is narrowed is on one page as it is.
    assert_eq!(panel.open(&format!("{WEBHOOKS}?all=")).await.rows().len(), 100);
    assert_eq!(panel.open(&format!("{WEBHOOKS}?all=1&q=bulk")).await.rows().len(), 130);
    // More than that stays in pages, which are longer.
    seed::webhooks(app.database(), 130).await;
    let page = panel.open(&format!("{WEBHOOKS}?all=1&p=2")).await;
    assert_eq!(page.rows().len(), 60);
    assert!(!panel.open(WEBHOOKS).await.html.contains("all=1"));
}

#[tokio::test]
async fn webhooks_are_narrowed_by_when_they_were_added() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    seed::webhooks(app.database(), 3).await;
    let panel = app.panel().await;
    for (query, rows) in [("created=24h", 1), ("created__lt=2020-01-01", 0), ("created=30d", 1)] {
        let page = panel.open(&format!("{WEBHOOKS}?{query}")).await;
        assert_eq!(page.rows().len(), rows, "{query}");
        page.says("Added");
    }
    assert_eq!(panel.open(&format!("{WEBHOOKS}?created=90d")).await.rows().len(), 4);
}

#[tokio::test]
async fn webhooks_of_one_repository_stand_below_a_heading_while_they_are_sorted_by_it() {
    let app = App::start().await;
    let panel = app.panel().await;
    let tags = [("object_kind", "tag_push"), ("http_x_gitlab_event", "Tag Push Hook")];
    let http = ("repo_url", "https://example.com/mike/diaspora.git");
    panel.add_webhook(&webhooks::push()).await;
    panel.add_webhook(&with(with(webhooks::push(), &tags), &[http, ("name", "Tags")])).await;
    panel
        .add_webhook(&webhooks::form_for("Zoo", "git@h:z/zoo.git", ("push", "Push Hook"), 9))
        .await;
    let list = panel.open("/admin/hooks/webhook/").await;
    let heading = list.texts("tr.group");
    assert_eq!(heading.len(), 1, "one repository has several: {heading:?}");
    assert!(heading[0].starts_with("Diaspora"), "{heading:?}");
    // In any spelling of the address, and each by what tells it from the others.
    assert_eq!(list.texts("tbody th .row-link"), ["push", "Tags", "Zoo"]);
    let by_event = panel.open("/admin/hooks/webhook/?o=2").await;
    assert!(!by_event.has("tr.group"));
    assert_eq!(by_event.texts("tbody th .row-link").len(), 3);
}
