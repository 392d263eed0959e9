//! Saved views and chosen columns: whose they are, who sees and changes them, and what becomes of
//! them when filters, accounts or permissions go.

use crate::support::app::{App, PASSWORD, Setup};
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::seed;

const DELIVERIES: &str = "/admin/hooks/delivery/";
const JOBS: &str = "/admin/hooks/job/";
const NAME: &str = "生产 · “main” & <b>Müller</b> 🚂";

/// Deliveries, and nothing that runs.
async fn filled() -> App {
    let app = Setup::new().await.argument("--no-worker").start().await;
    seed::webhooks(app.database(), 2).await;
    seed::deliveries(app.database(), 12).await;
    app.database()
        .execute("UPDATE deliveries SET verdict = 'unmatched' WHERE right(id, 1)::int % 2 = 0")
        .await;
    app
}

/// Saves what a list shows, as its link does.
async fn save(panel: &Panel, list: &str, name: &str, whose: &str) -> Page {
    let page = panel.open(list).await;
    let add = page.attributes("main a[href^='/admin/view/add/']", "href").remove(0);
    let form = panel.open(&add).await.form_with("name").set("name", name);
    let form =
        if form.names.iter().any(|name| name == "for") { form.set("for", whose) } else { form };
    panel.submit(form).await
}

/// The views in the menu: name and address.
fn menu(page: &Page) -> Vec<(String, String)> {
    let row = "[data-saved] a";
    page.texts(row).into_iter().zip(page.attributes(row, "href")).collect()
}

fn columns(page: &Page) -> Vec<String> {
    page.attributes("tbody tr:first-child > [data-column]", "data-column")
}

/// Chooses these columns and no others, as the list's form does.
async fn choose(panel: &Panel, page: &Page, chosen: &[&str]) -> Page {
    let mut form = page.form_with("columns").unset("columns");
    form.fields.extend(chosen.iter().map(|key| ("columns".to_owned(), (*key).to_owned())));
    panel.submit(form).await
}

#[tokio::test]
async fn a_filtered_list_is_kept_by_a_name_for_oneself() {
    let app = filled().await;
    let panel = app.panel().await;
    let list = format!("{DELIVERIES}?verdict=unmatched&received=30d");
    let page = save(&panel, &list, &format!("  {NAME} "), "me").await;
    let view = app.database().value("SELECT id::text FROM saved_views").await;
    assert_eq!(page.address, format!("{list}&view={view}"));
    assert_eq!(menu(&page), [(NAME.to_owned(), page.address.clone())]);
    assert_eq!(page.attributes(".sidebar a[aria-current]", "href"), [page.address.clone()]);
    assert_eq!(page.text(".view-name"), NAME);
    assert_eq!(page.states("tbody tr > td:nth-child(3)"), vec!["unmatched"; page.rows().len()]);
    // Sorted, paged and exported it stays the same view; narrowed otherwise, it can be brought up to date.
    assert!(!page.has(".view-tools a[href*='query=']:not([href*='/add/'])"));
    let page = panel.open(&format!("{DELIVERIES}?view={view}&verdict=matched")).await;
    let update = page.attributes(&format!(".view-tools a[href^='/admin/view/{view}/?']"), "href");
    let form = panel.open(&update[0]).await;
    form.says("This replaces its search, filters and order.").says("verdict=matched");
    let page = panel.submit(form.form_with("name").set("name", "Matched")).await;
    assert_eq!(page.address, format!("{DELIVERIES}?verdict=matched&view={view}"));
    assert_eq!(menu(&page)[0].0, "Matched");
    // Nobody else knows of it: neither in the menu, nor by its address, nor by its number.
    let other = app.person("admin").await;
    let form = format!("/admin/view/{view}/");
    assert!(menu(&other.open("/admin/").await).is_empty());
    for address in [form.clone(), format!("{form}delete/")] {
        assert_eq!(other.get(&address).await.status, 404, "{address}");
    }
    let page = other.open(&page.address).await;
    page.says("This view does not exist any more.");
    assert!(!page.has(".view-name"));
    // It goes after a question, and the log has all of it.
    let ask = panel.open(&format!("{form}delete/")).await;
    ask.says("The view, for you.");
    let page = panel.submit(ask.form_to(&format!("{form}delete/"))).await;
    assert_eq!((page.address.as_str(), menu(&page).len()), (DELIVERIES, 0));
    let verbs = "SELECT verb FROM audit_log WHERE object_type = 'view' ORDER BY id";
    assert_eq!(app.database().column(verbs).await, ["add", "change", "delete"]);
    panel.open("/admin/log/?object_type=view").await.says("Search and filters").says("Deleted");
}

#[tokio::test]
async fn everybodys_views_are_made_by_operators_and_outlive_them() {
    let app = filled().await;
    let operator = app.person("operator").await;
    let viewer = app.person("viewer").await;
    let page =
        save(&operator, &format!("{DELIVERIES}?verdict=unmatched"), "Lost", "everybody").await;
    let form =
        format!("/admin/view/{}/", app.database().value("SELECT id::text FROM saved_views").await);
    // A viewer sees it, and can save one for themselves alone, whatever they send.
    let seen = viewer.open(&page.address).await;
    assert_eq!(menu(&seen), [("Lost".to_owned(), page.address.clone())]);
    assert!(!seen.has(&format!("main a[href^='{form}']")), "nothing to change for a viewer");
    assert_eq!(viewer.get(&form).await.status, 403);
    let theirs = operator.open(&form).await.form_with("name");
    let csrf = viewer.open("/admin/").await.form_to("/admin/logout/");
    let csrf = csrf.value("csrf_token").unwrap().to_owned();
    assert_eq!(viewer.submit(theirs.clone().set("csrf_token", &csrf)).await.status, 403);
    let add = viewer.open(DELIVERIES).await.attributes("main a[href^='/admin/view/add/']", "href");
    let own = viewer.open(&add[0]).await.form_with("name").set("name", "Mine");
    assert!(!own.names.iter().any(|name| name == "for"));
    let page = viewer.submit(own.clone().press("for", "everybody")).await;
    page.says("Only operators and administrators save views for everybody.");
    assert_eq!(app.database().count("saved_views").await, 1);
    viewer.submit(own).await;
    // Another operator renames it; who had its form open before is told.
    app.account("second", "operator").await;
    let second = Panel::login(app.base(), "second", PASSWORD).await;
    let renamed = second.open(&form).await.form_with("name").set("name", "Unmatched");
    assert_eq!(menu(&second.submit(renamed).await)[0].0, "Unmatched");
    assert_eq!(operator.submit(theirs.set("name", "Late")).await.status, 409);
    // Whoever goes takes their own views along, and leaves everybody's.
    app.database().execute("DELETE FROM users WHERE username IN ('operator', 'viewer')").await;
    let names = app.database().column("SELECT name FROM saved_views").await;
    assert_eq!(names, ["Unmatched"]);
    let page = app.panel().await.open("/admin/").await;
    assert_eq!(menu(&page)[0].0, "Unmatched");
    // A list that somebody may not see has no views for them.
    app.database().execute("UPDATE saved_views SET list = 'user', query = ''").await;
    assert!(menu(&second.open("/admin/").await).is_empty());
}

#[tokio::test]
async fn a_view_whose_filters_are_no_more_still_opens() {
    let app = filled().await;
    let panel = app.panel().await;
    save(&panel, &format!("{DELIVERIES}?verdict=unmatched"), "Old", "me").await;
    app.database()
        .execute("UPDATE saved_views SET query = 'verdict=unmatched&planet=mars&endpoint=back', column_keys = 'verdict,mass'")
        .await;
    let address = menu(&panel.open("/admin/").await).remove(0).1;
    let page = panel.get(&address).await;
    assert_eq!(page.status, 200);
    page.says("This list has no filter “planet”.").says("“back” is not a choice of “Endpoint”.");
    assert_eq!(page.states("tbody tr > td:nth-child(3)"), vec!["unmatched"; page.rows().len()]);
    assert_eq!(columns(&page), ["received_at", "verdict"]);
    // Saved anew it is as it is read now.
    let update = page.attributes(".view-tools a[href*='?query=']", "href").remove(0);
    panel.submit(panel.open(&update).await.form_with("name")).await;
    let query = app.database().value("SELECT query FROM saved_views").await;
    assert_eq!(query, "verdict=unmatched");
    assert_eq!(panel.get("/admin/view/add/?list=planets").await.status, 400);
    assert_eq!(panel.get("/admin/view/4711/").await.status, 404);
}

#[tokio::test]
async fn names_and_numbers_have_limits_that_are_told() {
    let app = filled().await;
    let panel = app.panel().await;
    let long = "号".repeat(61);
    for (name, told) in [("", "Enter a name."), (&long, "Use at most 60 characters.")] {
        let page = save(&panel, DELIVERIES, name, "me").await;
        assert_eq!(page.status, 200);
        assert!(page.text("title").starts_with("Error"), "{}", page.html);
        page.says(told);
    }
    save(&panel, DELIVERIES, "Mine", "me").await;
    save(&panel, DELIVERIES, "MINE", "me").await.says("There is already a view with this name");
    // The same name is free in another list, and for everybody.
    save(&panel, JOBS, "Mine", "me").await;
    save(&panel, DELIVERIES, "Mine", "everybody").await;
    assert_eq!(app.database().count("saved_views").await, 3);
    app.database()
        .execute(
            "INSERT INTO saved_views (owner_id, list, name, query, created_at) \
             SELECT (SELECT min(id) FROM users), 'job', n::text, '', now() FROM generate_series(1, 28) AS n",
        )
        .await;
    save(&panel, DELIVERIES, "One more", "me").await.says("There are already 30 views");
    let long = format!("{DELIVERIES}?q={}", "x".repeat(2000));
    save(&panel, &long, "Long", "everybody").await.says("This search is too long to be saved.");
    assert_eq!(app.database().count("saved_views").await, 31);
}

#[tokio::test]
async fn columns_are_chosen_for_an_account_and_last() {
    let app = filled().await;
    let panel = app.panel().await;
    let usual = ["received_at", "verdict", "event", "repository", "title", "jobs"];
    let list = format!("{DELIVERIES}?verdict=unmatched");
    let page = panel.open(&list).await;
    assert_eq!(columns(&page), usual);
    let page = choose(&panel, &page, &["title", "user", "project_id", "no_such"]).await;
    assert_eq!((page.address.as_str(), page.status), (list.as_str(), 200));
    let chosen = ["received_at", "title", "user", "project_id"];
    assert_eq!(columns(&page), chosen);
    // In another session too, but for nobody else and for no other list; programs read all as before.
    let again = Panel::login(app.base(), "ada", PASSWORD).await;
    assert_eq!(columns(&again.open(DELIVERIES).await), chosen);
    let other = app.person("viewer").await;
    assert_eq!(columns(&other.open(DELIVERIES).await), usual);
    let json = panel.get(&format!("{DELIVERIES}?format=json")).await.html;
    assert!(json.contains("\"verdict\"") && json.contains("\"repo_url\""), "{json}");
    // A viewer may choose as well. The order by column numbers does not change with what is shown.
    let page = choose(&other, &other.open(DELIVERIES).await, &["event"]).await;
    assert_eq!(columns(&page), ["received_at", "event"]);
    let webhooks = "/admin/hooks/webhook/?o=-3";
    let before = panel.open(webhooks).await;
    let after = choose(&panel, &before, &["event", "project_id"]).await;
    assert_eq!((after.rows(), after.address.as_str()), (before.rows(), webhooks));
    assert_eq!(after.attributes("th[aria-sort]", "aria-sort"), ["descending"]);
    // Back to what the list has by itself.
    let form = panel.open(DELIVERIES).await.form_with("columns").press("usual", "1");
    assert_eq!(columns(&panel.submit(form).await), usual);
    assert_eq!(app.database().count("list_columns").await, 2);
}

#[tokio::test]
async fn a_view_keeps_its_columns_for_whoever_opens_it() {
    let app = filled().await;
    let operator = app.person("operator").await;
    let page = choose(&operator, &operator.open(DELIVERIES).await, &["verdict", "user"]).await;
    assert_eq!(columns(&page), ["received_at", "verdict", "user"]);
    let view = save(&operator, DELIVERIES, "Who", "everybody").await;
    assert_eq!(columns(&view), ["received_at", "verdict", "user"]);
    let viewer = app.person("viewer").await;
    choose(&viewer, &viewer.open(DELIVERIES).await, &["event"]).await;
    let seen = viewer.open(&view.address).await;
    assert_eq!(columns(&seen), ["received_at", "verdict", "user"], "the view's, not theirs");
    // Only whoever may change the view changes its columns; their own list stays as it is.
    assert!(seen.has("[data-columns] fieldset[disabled]"));
    let refused = choose(&viewer, &seen, &["event"]).await;
    assert_eq!(refused.status, 403);
    let page = choose(&operator, &view, &["event", "title"]).await;
    assert_eq!(
        (columns(&page), page.address),
        (
            vec!["received_at".to_owned(), "event".to_owned(), "title".to_owned()],
            view.address.clone()
        )
    );
    assert_eq!(columns(&viewer.open(&view.address).await), ["received_at", "event", "title"]);
    assert_eq!(columns(&operator.open(DELIVERIES).await), ["received_at", "verdict", "user"]);
    assert_eq!(columns(&viewer.open(DELIVERIES).await), ["received_at", "event"]);
}
