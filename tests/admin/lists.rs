//! Changelists: search, filters, order, pages, and the same rows as JSON and CSV.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::{Answer, Delivery};
use crate::support::records::{self, with};
use serde_json::Value;

const WEBHOOKS: &str = "/admin/hooks/webhook/";

#[tokio::test]
async fn empty_lists_say_what_to_do_first() {
    let app = App::start().await;
    let panel = app.panel().await;
    for list in [WEBHOOKS, "/admin/hooks/delivery/", "/admin/hooks/job/"] {
        let page = panel.open(list).await;
        assert!(page.rows().is_empty());
        page.says("yet");
    }
}

#[tokio::test]
async fn records_are_searched_filtered_and_ordered() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (name, id) in [("alpha one", "11"), ("alpha two", "-1"), ("beta", "13")] {
        let record = with(records::push(), &[("repo_name", name), ("project_id", id)]);
        panel.add_webhook(&record).await;
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
    panel.add_webhook(&records::push()).await;
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
            assert!([302, 303, 401].contains(&answer.status), "{}", answer.status);
        }
    }
}

#[tokio::test]
async fn deliveries_and_jobs_are_told_apart_by_verdict_and_state() {
    let app = App::start().await;
    app.record(&records::push()).await;
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
