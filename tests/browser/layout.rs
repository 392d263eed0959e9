//! Lists keep to their place at every width, whatever stands in them: nothing lies over anything
//! else, nothing is cut off, no page moves sideways.

use crate::support::app::{App, Setup};
use crate::support::browser::Browser;
use crate::support::seed;
use crate::support::webhooks;
use serde_json::json;

const LONG: &str = "customer-portal-of-the-department-for-infrastructure-and-platforms";

pub(super) const LISTS: [&str; 12] = [
    "/admin/?period=30d",
    "/admin/hooks/webhook/",
    "/admin/hooks/delivery/",
    "/admin/hooks/job/",
    "/admin/auth/user/",
    "/admin/log/",
    "/admin/hooks/worker/",
    "/admin/hooks/delivery/unmatched/",
    "/admin/hooks/job/stats/",
    "/admin/sessions/",
    "/admin/search/?q=customer",
    "/admin/hooks/webhook/1/",
];

/// Common windows, and both sides of every width at which the style changes: of the window, and of
/// the page beside the sidebar or without it.
const WIDTHS: [u32; 36] = [
    320, 359, 360, 375, 414, 480, 639, 640, 700, 759, 760, 761, 800, 860, 980, 1023, 1024, 1025,
    1040, 1100, 1199, 1200, 1201, 1259, 1260, 1261, 1280, 1300, 1366, 1375, 1440, 1481, 1536, 1680,
    1800, 1920,
];

/// What is not as it should be on the page that is shown, each in a few words.
const FAULTS: &str = "
    const faults = new Set(), box = (e) => e.getBoundingClientRect();
    const page = document.documentElement.scrollWidth;
    if (page > innerWidth) faults.add(`the page is ${page} px wide`);
    for (const table of document.querySelectorAll('main table')) {
        const t = box(table), place = table.parentElement;
        if (t.right > box(place).right + 1) faults.add(`a table is ${Math.round(t.width)} px wide in ${Math.round(box(place).width)}`);
        for (const cell of table.querySelectorAll('th, td')) {
            if (!cell.checkVisibility()) continue;
            const c = box(cell), name = cell.dataset.column ?? cell.dataset.label ?? cell.textContent.trim();
            for (const part of cell.querySelectorAll('.badge, .switch, .button, .sort, .sort-tools')) {
                const p = box(part);
                if (p.width && (p.left < c.left - 1 || p.right > c.right + 1 || part.scrollWidth > part.clientWidth + 1)) faults.add(`${part.className} ${part.textContent.trim()} is cut off in ${name}`);
            }
            if (cell.matches('tbody .grow') && c.width < 120) faults.add(`${name} is only ${Math.round(c.width)} px wide`);
        }
    }
    // What stands above the rows, part by part: no two lie over each other.
    const parts = [...document.querySelectorAll('.page-head > *, .page-head > div > *, .list-narrowed > *, main .table-wrap')]
        .filter((e) => e.checkVisibility() && box(e).width);
    for (const a of parts) for (const b of parts) {
        const [p, q] = [box(a), box(b)];
        if (a !== b && !a.contains(b) && !b.contains(a) && p.left < q.right - 1 && p.right > q.left + 1 && p.top < q.bottom - 1 && p.bottom > q.top + 1)
            faults.add(`${a.className || a.localName} lies over ${b.className || b.localName}`);
    }
    for (const e of document.querySelectorAll('main, main *')) {
        if (e.scrollWidth > e.clientWidth + 1 && e.checkVisibility() && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)) faults.add(`${e.className || e.localName} moves sideways`);
    }
    return [...faults];";

/// The faults of the page in each of three fonts. The page's own policy allows no style within it,
/// but the developer's tools may.
fn faults_in_fonts() -> String {
    format!(
        "const sheet = new CSSStyleSheet(), find = () => {{ {FAULTS} }}; \
         const found = ['sans-serif', 'serif', 'monospace'].flatMap((font) => {{ \
             sheet.replaceSync(`:root {{ --sans: ${{font}}; --mono: ${{font}}; }}`); \
             document.adoptedStyleSheets = [sheet]; \
             return find().map((fault) => `${{font}}: ${{fault}}`); \
         }}); \
         document.adoptedStyleSheets = []; return found;"
    )
}

/// What a script finds wrong at each width with the page that is shown.
async fn faults_at(browser: &Browser, widths: &[u32], script: &str, name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for width in widths {
        browser.resize(*width).await;
        let found = browser.script(script).await;
        let found = found.as_array().unwrap();
        faults.extend(found.iter().map(|fault| format!("{name} {width} px: {fault}")));
    }
    faults
}

/// Every list with long names and every state.
pub(super) async fn lists() -> App {
    let app = Setup::new().await.argument("--no-worker").start().await;
    let database = app.database();
    seed::webhooks(database, 12).await;
    seed::deliveries(database, 12).await;
    let pick = |words: &[&str], n: &str| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("(ARRAY[{}])[1 + {n} % {}]", words.join(","), words.len())
    };
    let verdicts = [
        "matched",
        "registered",
        "unmatched",
        "filtered",
        "disabled",
        "rejected",
        "duplicate",
        "paused",
    ];
    let states = [
        "queued",
        "scheduled",
        "running",
        "succeeded",
        "retrying",
        "failed",
        "cancelled",
        "superseded",
    ];
    let number = "right(id, 3)::int";
    database
        .execute(&format!(
            "UPDATE webhooks SET name = '{LONG}', repo_name = '{LONG}', action = '{LONG}', \
             repo_url = 'git@gitlab.example.com:{LONG}/{LONG}-' || id || '.git', \
             object_kind = 'merge_request', http_x_gitlab_event = 'Confidential Issue Hook', \
             enabled = id % 2 = 0, project_id = CASE WHEN id % 3 = 0 THEN -1 ELSE 9007199254740993 END, \
             last_delivery_id = '01M87VREQA18WSHF0ZZCJA3NJ9', last_verdict = {verdict}, \
             last_job_id = '01M87VREQA18WSHF0ZZCJA3NJ9', last_job_state = {state}; \
             UPDATE deliveries SET verdict = {delivery_verdict}, event = 'Confidential Issue Hook', \
             object_kind = 'merge_request', repo_name = '{LONG}', user_name = '{LONG}', \
             ref = 'refs/heads/{LONG}', project_id = 9007199254740993, title = '{LONG}'; \
             UPDATE jobs SET state = {job_state}, webhook_label = '{LONG}', repo_name = '{LONG}', \
             ref = 'refs/heads/{LONG}', action = '{LONG}', webhook_id = 1, requested_by = '{LONG}', \
             title = '{LONG}'; \
             UPDATE job_attempts SET outcome = 'failed', exit_code = right(job_id, 3)::int; \
             INSERT INTO users (username, password_hash, role, active, created_at, last_login_at) \
             SELECT n || '-{LONG}', '', {role}, n % 2 = 0, now(), now() FROM generate_series(0, 5) AS n; \
             INSERT INTO audit_log (at, actor_id, actor_name, verb, object_type, object_id, object_name, changes, remote_addr) \
             SELECT now(), 1, '{LONG}', {verb}, 'webhook', '1', '{LONG}', \
             '[{{\"field\": \"repo_name\", \"before\": \"{LONG}\", \"after\": \"{LONG}{LONG}\", \"secret\": false}}]', \
             '2001:db8:1234:5678:9abc:def0:1234:5678' FROM generate_series(0, 8) AS n; \
             INSERT INTO saved_views (owner_id, list, name, query, created_at) \
             SELECT CASE n WHEN 0 THEN (SELECT id FROM users WHERE username = 'ada') END, 'delivery', \
             '{LONG}' || n, 'verdict=matched', now() FROM generate_series(0, 1) AS n; \
             INSERT INTO workers VALUES ('{LONG}.example.com-4711-01M87VREQA18WSHF0ZZCJA3NJ9', \
             '{LONG}.example.com', 4711, '0.1.0', 4, now(), NULL, now())",
            verdict = pick(&verdicts, "id"),
            state = pick(&states, "id"),
            delivery_verdict = pick(&verdicts, number),
            job_state = pick(&states, number),
            role = pick(&["viewer", "operator", "admin"], "n"),
            verb = pick(
                &["add", "change", "delete", "register", "login", "logout", "login_failed", "run_again", "cancel"],
                "n"
            ),
        ))
        .await;
    app
}

#[tokio::test]
async fn lists_keep_to_their_place_at_every_width_in_every_font() {
    let app = lists().await;
    let browser = Browser::logged_in(&app).await;
    let mut faults = Vec::new();
    for address in LISTS {
        browser.open(address).await;
        faults.extend(faults_at(&browser, &WIDTHS, &faults_in_fonts(), address).await);
        // The filters, open, stay on the page; and so does everything with the sidebar put away.
        browser
            .script(
                "document.documentElement.dataset.sidebar = 'closed'; \
                        document.querySelectorAll('.filters').forEach((e) => { e.open = true; })",
            )
            .await;
        for width in [320, 375, 700, 1040, 1280, 1920] {
            browser.resize(width).await;
            assert_eq!(browser.script(FAULTS).await, json!([]), "{address}, {width} px");
            let inside = "const b = document.querySelector('.filters-body')?.getBoundingClientRect(); \
                          return !b || b.left >= 0 && b.right <= innerWidth && b.bottom <= innerHeight";
            assert_eq!(
                browser.script(inside).await,
                json!(true),
                "{address}, {width} px: the filters"
            );
        }
    }
    // With every column that there is, too.
    for (list, columns) in [
        ("webhook", "event,project_id,enabled,last_delivery,last_job,ref_filter,updated_at,notes"),
        ("delivery", "verdict,event,repository,title,jobs,user,project_id,remote_addr"),
        ("job", "webhook,repository,title,queued_at,ran,finished_at,requested_by,error"),
    ] {
        let chosen = format!(
            "INSERT INTO list_columns SELECT id, '{list}', '{columns}' FROM users WHERE username = 'ada'"
        );
        app.database().execute(&chosen).await;
        let address = format!("/admin/hooks/{list}/");
        browser.open(&address).await;
        let note = format!("all columns of {address}");
        faults.extend(faults_at(&browser, &WIDTHS, FAULTS, &note).await);
        browser.pictures(&format!("all-columns-{list}")).await;
    }
    // Documents have tables of long names.
    browser.open("/admin/docs/").await;
    let documents = "return [...document.querySelectorAll('.doc-list a')].map((e) => e.pathname)";
    let documents: Vec<String> = serde_json::from_value(browser.script(documents).await).unwrap();
    assert!(documents.len() > 5, "{documents:?}");
    for address in documents {
        browser.open(&address).await;
        let widths = [320, 375, 768, 1280];
        faults.extend(faults_at(&browser, &widths, &faults_in_fonts(), &address).await);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    app.database().execute("DELETE FROM list_columns").await;
    for (address, name) in
        LISTS.into_iter().zip(["start", "webhooks", "deliveries", "jobs", "users", "log"])
    {
        browser.look(1280, "light").await;
        browser.open(address).await;
        browser.pictures(&format!("long-{name}")).await;
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn on_a_phone_the_first_job_and_the_form_begin_high() {
    let app = App::start().await;
    let [id, ..] = webhooks::run_push(&app).await;
    let browser = Browser::logged_in(&app).await;
    let top = "return document.querySelector('main tbody tr').getBoundingClientRect().top";
    browser.look(375, "light").await;
    browser.open("/admin/hooks/job/").await;
    let first = browser.script(top).await.as_f64().unwrap();
    assert!(first < 406.0, "the first job begins at {first} of 812");
    // What is done to many comes with the first that is ticked.
    let bar = "return document.querySelector('.actions').checkVisibility()";
    assert_eq!(browser.script(bar).await, json!(false));
    browser.script("document.querySelector('.row-box').click()").await;
    assert_eq!(browser.script(bar).await, json!(true));
    browser.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    // Tabs and no stack of buttons; then the form.
    let form = "const top = (css) => document.querySelector(css).getBoundingClientRect().top; \
                return [top('#fieldset-match'), document.querySelectorAll('.page-head .button').length, \
                document.documentElement.scrollWidth]";
    let form = browser.script(form).await;
    assert!(form[0].as_f64() < Some(300.0), "the form begins at {form}");
    assert!(form[1].as_i64() <= Some(1), "{form}");
    assert_eq!(form[2], json!(375), "{form}");
    browser.close().await;
}
