//! The test page of a webhook: conditions, what would run, and the run for real.

use super::replay::{delivery_of, push};
use crate::support::app::{App, Setup};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};

fn test(id: &str) -> String {
    format!("/admin/hooks/webhook/{id}/test/")
}

#[tokio::test]
async fn a_webhook_is_tried_with_a_kept_delivery_and_run_for_real() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let empty = panel.open(&test(&id)).await;
    empty.says("No stored delivery of this repository");
    assert!(!empty.has("[data-result]"));
    let tools = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    assert!(tools.attributes("a", "href").contains(&test(&id)), "linked from its page");

    let wanted = app.send(&push()).await.field("delivery");
    let other = app.send(&push().with("/project_id", 16)).await.field("delivery");
    // The newest of the repository is tried at once; others by choice or by id.
    let page = panel.open(&test(&id)).await;
    assert_eq!(page.attributes("[name=delivery] option", "value"), [other.clone(), wanted.clone()]);
    page.says("It does not match").says("1 condition fails");
    let row = "[data-result] .trace tbody tr";
    assert!(page.texts(row).contains(&"Project ID1516Differs".to_owned()), "{:?}", page.texts(row));
    let page = panel.get(&format!("{}?id={}", test(&id), wanted.to_lowercase())).await;
    page.says("It matches").says("nothing was started");
    assert_eq!(page.texts(row).len(), 6);
    assert!(!page.texts(".argv li").is_empty());
    let before = app.database().count("deliveries").await;
    assert_eq!((before, app.database().count("jobs").await), (2, 1));

    let form = page.form_with("run");
    let made = panel.submit(form.clone()).await;
    let new = delivery_of(&made);
    made.says(&format!("Manual by ada, from delivery {wanted}"));
    assert_eq!(delivery_of(&panel.submit(form).await), new, "a form serves once");
    let sql = format!(
        "SELECT concat_ws('|', source, made_by, (SELECT count(*) FROM jobs WHERE delivery_id = d.id)) \
         FROM deliveries d WHERE id = '{new}'"
    );
    assert_eq!(app.database().value(&sql).await, "hand|ada|1");
    let list = panel.open("/admin/hooks/delivery/?source=hand").await;
    assert_eq!(list.rows(), [new]);
    let wrong = panel.get(&format!("{}?id=x", test(&id))).await;
    wrong.says("Enter a delivery ID");
}

#[tokio::test]
async fn a_pasted_body_is_tried_against_filters_and_run() {
    let app = Setup::new().await.start().await;
    let webhook = with(webhooks::push(), &[("ref_filter", "release/*"), ("project_id", "-1")]);
    let id = app.add_webhook(&webhook).await;
    let panel = app.panel().await;
    let body = String::from_utf8(Delivery::push_2015().body).unwrap();
    let form = panel.open(&test(&id)).await.form_with("header");
    assert_eq!(form.value("header"), Some("Push Hook"));
    let bad = panel.submit(form.clone().set("body", "{")).await;
    bad.says("It contains no event").says("{");
    let page = panel.submit(form.set("body", &body)).await;
    page.says("2 conditions fail").says("It is pending and stays pending");
    assert!(page.main().contains("Branches and tags"), "{}", page.main());
    assert_eq!(app.database().count("deliveries").await, 0);
    let made = panel.submit(page.form_with("run")).await;
    let new = delivery_of(&made);
    made.says("Manual by ada");
    let sql = "SELECT concat_ws('|', event, object_kind, repo_name) FROM deliveries";
    assert_eq!(app.database().value(sql).await, "Push Hook|push|Diaspora");
    let job = app.database().value("SELECT id FROM jobs").await;
    app.job_is(&job, "succeeded").await;
    assert_eq!(app.database().value("SELECT project_id::text FROM webhooks").await, "-1");
    // It carries no secret: to replay it, the webhook is chosen.
    let ask = format!("/admin/hooks/delivery/{new}/replay/");
    panel.open(&ask).await.says("A manual delivery carries no secret");
    panel.get(&format!("{ask}?way=force&webhook={id}")).await.says("1 job would run");
}

#[tokio::test]
async fn what_is_off_or_not_authentic_is_tried_but_not_run() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let kept = app.send(&push()).await.field("delivery");
    let small = br#"{"object_kind":"push","project_id":15,"repository":{"name":"Diaspora"}}"#;
    let rejected = app.send(&push().token("wrong").body(small.to_vec())).await.field("delivery");
    let panel = app.panel().await;
    let page = panel.get(&format!("{}?delivery={rejected}", test(&id))).await;
    page.says("Conditions").says("It was rejected");
    assert!(!page.has("[name=run]"));
    let form = panel.get(&format!("{}?delivery={kept}", test(&id))).await.form_with("run");
    app.database().execute("UPDATE webhooks SET enabled = false").await;
    let page = panel.get(&format!("{}?delivery={kept}", test(&id))).await;
    page.says("webhook is disabled");
    assert!(!page.has("[name=run]"));
    assert_eq!(panel.submit(form).await.status, 409);
    let viewer = app.person("viewer").await;
    let page = viewer.get(&format!("{}?delivery={kept}", test(&id))).await;
    page.says("Conditions");
    assert!(!page.has("form[method=post] [name=body]") && !page.has("[name=run]"));
    assert_eq!(app.database().count("deliveries").await, 2);
}
