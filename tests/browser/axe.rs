//! F41: axe-core finds nothing serious on any page, in either theme, at either width; F38: no
//! page complains of its policy or asks another host for anything.
//!
//! axe-core comes from npm (`tests/browser/axe`, installed by `make test`); it is for tests only.

use crate::support::app::{App, PASSWORD, Setup, TOKEN, repository};
use crate::support::browser::{Browser, SCHEMES, WIDTHS};
use crate::support::gitlab::Delivery;
use crate::support::seed;
use crate::support::webhooks::{self, with};
use serde_json::Value;

const LIST: &str = "/admin/hooks/webhook/";

/// The checker's source, which is handed to the page through the driver: the page's own policy
/// allows no foreign script.
pub(super) fn read_axe() -> String {
    let file = repository().join("tests/browser/axe/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; make test installs it", file.display()))
}

/// What axe finds in a window of this width that is serious or critical, in both schemes: rule, and
/// the elements. What a scheme changes is colours.
pub(super) async fn serious_at(browser: &Browser, axe: &str, width: u32) -> Vec<String> {
    let mut faults = Vec::new();
    for (scheme, rules) in
        SCHEMES.into_iter().zip(["", ", runOnly: ['color-contrast', 'link-in-text-block']"])
    {
        browser.look(width, scheme).await;
        let options = format!("{{ resultTypes: ['violations']{rules} }}");
        let found = run_axe(browser, axe, &options).await;
        faults.extend(found.iter().map(|fault| format!("{width} px, {scheme}: {fault}")));
    }
    faults
}

async fn run_axe(browser: &Browser, axe: &str, options: &str) -> Vec<String> {
    // Half a megabyte, which a page is given once.
    if browser.script("return !window.axe").await == true {
        browser.script(axe).await;
    }
    let script = format!(
        "const done = arguments[arguments.length - 1]; \
         axe.run(document, {options}).then(result => done(result.violations \
         .filter(rule => ['serious', 'critical'].includes(rule.impact)) \
         .map(rule => rule.id + ': ' + rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200) \
         + ' ' + node.any.map(any => any.message).join(' ')).join(' | '))), \
         error => done(['' + error]));"
    );
    let found = browser.client.execute_async(&script, Vec::new()).await.unwrap();
    found.as_array().into_iter().flatten().map(Value::to_string).collect()
}

/// Every address that this page has asked for, beside its own host.
async fn foreign(browser: &Browser) -> Value {
    browser
        .script(
            "return performance.getEntriesByType('resource').map(entry => entry.name) \
             .filter(name => new URL(name).origin !== location.origin)",
        )
        .await
}

/// Looks at the page that the browser shows, in every way.
async fn look(browser: &Browser, axe: &str, name: &str, faults: &mut Vec<String>) {
    // Out of sight, a page does not draw itself anew while it is examined.
    browser.script("Object.defineProperty(document, 'hidden', { value: true })").await;
    browser.pictures(&format!("page-{name}")).await;
    // A hundred rows are alike.
    let rest = "document.querySelectorAll('tbody tr:nth-child(n + 21)').forEach((e) => e.remove())";
    browser.script(rest).await;
    for width in WIDTHS {
        let found = serious_at(browser, axe, width).await;
        faults.extend(found.iter().map(|fault| format!("{name}, {fault}")));
    }
    browser.look(WIDTHS[0], SCHEMES[0]).await;
    assert_eq!(foreign(browser).await, Value::Array(Vec::new()), "{name}");
    for complaint in browser.complaints().await {
        // The answer's own status is no fault of the page.
        if !complaint.contains("status of 4") {
            faults.push(format!("{name}: {complaint}"));
        }
    }
}

#[tokio::test]
async fn f38_f41_every_page_is_sound_in_both_themes_at_both_widths() {
    let axe = read_axe();
    let app = Setup::new().await.action("fails", "", "printf '\\033[31mno\\033[0m\\n'; exit 3");
    let app = app.start().await;
    let browser = Browser::start(app.base()).await;
    let mut faults = Vec::new();
    browser.open("/admin/").await;
    look(&browser, &axe, "login", &mut faults).await;
    browser.fill("username", "ada").await;
    browser.fill("password", PASSWORD).await;
    browser.submit("Sign in").await;
    browser.at("/admin/").await;
    look(&browser, &axe, "index-empty", &mut faults).await;

    let (webhook, delivery, unmatched, job) = fill(&app).await;
    for (name, address) in [
        ("index", "/admin/".to_owned()),
        ("search", "/admin/search/?q=diaspora".to_owned()),
        ("search-nothing", "/admin/search/?q=nothing-holds-this".to_owned()),
        ("webhooks", format!("{LIST}?q=bulk&enabled=1&o=-1.2")),
        ("webhooks-none-match", format!("{LIST}?q=nothing&enabled=0&no_such=1")),
        ("webhook-add", format!("{LIST}add/")),
        ("webhook", format!("{LIST}{webhook}/")),
        ("webhook-change", format!("{LIST}{webhook}/change/")),
        ("webhook-history", format!("{LIST}{webhook}/history/")),
        ("webhook-delete", format!("{LIST}{webhook}/delete/")),
        ("webhook-import", format!("{LIST}import/")),
        ("deliveries", "/admin/hooks/delivery/".to_owned()),
        ("delivery", format!("/admin/hooks/delivery/{delivery}/")),
        ("delivery-unmatched", format!("/admin/hooks/delivery/{unmatched}/")),
        ("jobs", "/admin/hooks/job/?queued=24h".to_owned()),
        ("job", format!("/admin/hooks/job/{job}/")),
        ("view-add", "/admin/view/add/?list=delivery&query=verdict%3Dunmatched".to_owned()),
        ("password", "/admin/password_change/".to_owned()),
        ("time-zone", "/admin/time_zone/".to_owned()),
        ("palette-page", "/admin/palette/?q=a".to_owned()),
        ("docs", "/admin/docs/".to_owned()),
        ("document", "/admin/docs/actions/".to_owned()),
        ("not-found", "/admin/no-such-page/".to_owned()),
    ] {
        browser.open(&address).await;
        look(&browser, &axe, name, &mut faults).await;
    }
    replays(&app, &browser, (&axe, &webhook, &delivery), &mut faults).await;
    answers_to_forms(&app, &browser, (&axe, &webhook), &mut faults).await;
    assert!(faults.is_empty(), "{faults:#?}");
    browser.close().await;
}

/// The pages of replays, and a webhook's test page.
async fn replays(
    app: &App,
    browser: &Browser,
    (axe, webhook, delivery): (&str, &str, &str),
    faults: &mut Vec<String>,
) {
    let replay = format!("/admin/hooks/delivery/{delivery}/replay/");
    let rejected = "SELECT id FROM deliveries WHERE verdict = 'rejected' ORDER BY id DESC LIMIT 1";
    let rejected = app.database().value(rejected).await;
    for (name, address) in [
        ("replay", replay.clone()),
        ("replay-forced", format!("{replay}?way=force&webhook={webhook}")),
        ("replay-impossible", format!("/admin/hooks/delivery/{rejected}/replay/")),
        ("delivery-rejected", format!("/admin/hooks/delivery/{rejected}/")),
        ("webhook-test", format!("{LIST}{webhook}/test/")),
        ("replay-runs-none", "/admin/hooks/delivery/replay/".to_owned()),
        ("replay-plan", "/admin/hooks/delivery/replay/?of=".to_owned()),
    ] {
        browser.open(&address).await;
        browser
            .script(
                "for (const each of document.querySelectorAll('main details')) each.open = true",
            )
            .await;
        look(browser, axe, name, faults).await;
    }
    browser.fill("pace", "1").await;
    browser.choose("per", "minute").await;
    browser.submit("Start").await;
    browser.says("Running").await;
    look(browser, axe, "replay-run", faults).await;
    browser.submit("Stop").await;
    browser.says("Stopped by").await;
    look(browser, axe, "replay-stopped", faults).await;
}

/// Pages that only a POST leads to.
async fn answers_to_forms(
    app: &App,
    browser: &Browser,
    (axe, webhook): (&str, &str),
    faults: &mut Vec<String>,
) {
    browser.open(&format!("{LIST}add/")).await;
    browser.fill("repo_name", "").await;
    browser.submit("Save").await;
    look(browser, axe, "webhook-errors", faults).await;
    browser.open(&format!("{LIST}{webhook}/change/")).await;
    let change = "UPDATE webhooks SET version = version + 1, notes = 'theirs', max_attempts = 7";
    app.database().execute(change).await;
    browser.fill("name", "mine").await;
    browser.submit("Save").await;
    look(browser, axe, "webhook-conflict", faults).await;
    browser.open(&format!("{LIST}?q=bulk")).await;
    browser.script("document.querySelector('[data-select-all]').click()").await;
    browser.enter("action", "delete").await;
    browser.submit("Go").await;
    look(browser, axe, "webhooks-bulk", faults).await;
}

/// Something on every page: webhooks, a pending one, deliveries of several verdicts, jobs.
async fn fill(app: &App) -> (String, String, String, String) {
    let panel = app.panel().await;
    seed::webhooks(app.database(), 140).await;
    seed::deliveries(app.database(), 220).await;
    panel.add_webhook(&webhooks::register_only()).await;
    let failing = with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")]);
    let webhook = panel.add_webhook(&failing).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    app.send(&Delivery::push_2015().token("wrong")).await.expect(401, "rejected");
    let other = Delivery::push_2015().token(TOKEN).with("/project_id", 16);
    let unmatched = app.send(&other).await.field("delivery");
    app.job_is(&job, "failed").await;
    app.database()
        .execute(
            "UPDATE webhooks SET created_at = now() - interval '2 hours' WHERE project_id = -1; \
             UPDATE webhooks SET last_delivery_at = NULL WHERE project_id IN (3, 4)",
        )
        .await;
    (webhook, answer.field("delivery"), unmatched, job)
}
