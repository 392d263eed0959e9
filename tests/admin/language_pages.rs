//! The panel read in Chinese, with everything in it that can happen: no page may say a sentence of
//! ours in English. Follows the links from the first page on.

use crate::support::app::{ADMIN, App, PASSWORD, Setup, TOKEN, write_action};
use crate::support::english::english;
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

const WEBHOOKS: &str = "/admin/hooks/webhook/";

/// What GitLab, the operator and the people of this test wrote; keywords of entries; and what
/// libraries and the system say of their own faults, which is shown as it is.
const DATA: [&str; 53] = [
    "John Smith",
    "Diaspora",
    "Update Catalan translation to",
    "fixed readme",
    "master",
    "viewer",
    "operator",
    "release day",
    "system",
    "HOOK",
    "count",
    "must",
    "target",
    "example.service",
    "example",
    "Which service",
    "Tag Push",
    "Merge Request",
    "Pipeline",
    "Job",
    "Issue",
    "Note",
    "Release",
    "System",
    "fails",
    "slow",
    "killed",
    "odd",
    "call",
    "option",
    "temporary",
    "print",
    "hold",
    "command",
    "git-ref",
    "git-sha",
    "project-path",
    "string",
    "enum",
    "integer",
    "boolean",
    "true",
    "false",
    "secrets.PATH",
    "env = ",
    "file = ",
    "parameters.A.type",
    "parameters.b",
    "POST",
    "/no",
    "Connection refused (os error 111)",
    "EOF while parsing an object at line 1 column 1",
    "unclosed array, expected",
];

/// Of each kind of address so many are looked at: of objects, since each is in another state, and
/// of lists under one filter.
const OBJECTS: usize = 30;
const NARROWED: usize = 1;

/// Somebody who reads Chinese and notes what is English.
struct Reader {
    panel: Panel,
    faults: BTreeMap<String, BTreeSet<String>>,
}

impl Reader {
    async fn of(app: &App, name: &str) -> Self {
        let panel = Panel::reading(app.base(), "zh-Hans");
        let mut reader = Self { panel, faults: BTreeMap::new() };
        let page = reader.panel.try_login(name, PASSWORD).await;
        reader.looks_at(&page);
        reader
    }

    fn looks_at(&mut self, page: &Page) {
        assert_eq!(page.language(), "zh-Hans", "{}: {}", page.address, page.html);
        for text in english(&page.html, &DATA) {
            self.faults
                .entry(text)
                .or_default()
                .insert(format!("{} {}", page.status, page.address));
        }
    }

    async fn opens(&mut self, address: &str) -> Page {
        let page = self.panel.get(address).await;
        self.looks_at(&page);
        page
    }

    async fn sends(&mut self, form: crate::support::page::Form) -> Page {
        let page = self.panel.submit(form).await;
        self.looks_at(&page);
        page
    }

    /// Follows links of the panel until there are no new ones.
    async fn follows(&mut self, start: &str) -> usize {
        let number = Regex::new(r"[0-9A-Z]{26}|\d+").unwrap();
        let (mut waiting, mut seen) = (VecDeque::from([start.to_owned()]), BTreeSet::new());
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(address) = waiting.pop_front() {
            let page = self.panel.get(&address).await;
            let is_page = page.headers["content-type"].to_str().unwrap().contains("html");
            assert!(page.status < 500, "{address}: {}", page.html);
            if !is_page {
                continue;
            }
            self.looks_at(&page);
            for link in page.attributes("a[href^='/admin/']", "href") {
                let link = link.split('#').next().unwrap_or_default().to_owned();
                let names: Vec<&str> = link
                    .split_once('?')
                    .map(|(_, query)| query.split('&').filter_map(|pair| pair.split('=').next()))
                    .into_iter()
                    .flatten()
                    .collect();
                let path = link.split('?').next().unwrap_or_default();
                let kind = format!("{}?{}", number.replace_all(path, "#"), names.join("&"));
                let many = kinds.entry(kind).or_default();
                let most = if names.is_empty() { OBJECTS } else { NARROWED };
                // Filters on filters are the same words over again, without end.
                if names.len() < 2
                    && *many < most
                    && !link.contains("format=")
                    && seen.insert(link.clone())
                {
                    *many += 1;
                    waiting.push_back(link);
                }
            }
        }
        seen.len()
    }

    #[track_caller]
    fn ends(self) {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(text, pages)| format!("{text}\n    {}", pages.iter().next().unwrap()))
            .collect();
        assert!(faults.is_empty(), "{} texts are English:\n{}", faults.len(), faults.join("\n"));
    }
}

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

/// A webhook for each thing that can become of a delivery; by project.
async fn webhooks_of_all_kinds(panel: &Panel) -> BTreeMap<&'static str, String> {
    let mut made = BTreeMap::new();
    for (project, name, values) in [
        ("15", "失败", &[("action", "fails")][..]),
        ("15", "太慢", &[("action", "slow")]),
        ("15", "被杀", &[("action", "killed")]),
        ("15", "古怪", &[("action", "odd")]),
        ("15", "呼叫", &[("action", "call")]),
        ("15", "已去", &[("action", "gone")]),
        ("15", "选项", &[("action", "option")]),
        ("15", "暂时", &[("action", "temporary"), ("max_attempts", "5")]),
        ("16", "引用", &[("ref_filter", "v*")]),
        ("17", "路径", &[("path_filter", "docs/**")]),
        ("18", "条件", &[("condition", "branch = \"main\" and commits > 7")]),
        ("19", "跳过", &[("obey_skip", "1")]),
        ("20", "关闭", &[]),
        ("-1", "待定", &[("repo_name", "待定"), ("register_on_first_event", "off")]),
        ("21", "打印", &[("notes", "x")]),
        ("22", "保持", &[("action", "hold")]),
    ] {
        let webhook = with(webhooks::push(), &[("project_id", project), ("name", name)]);
        made.insert(name, panel.add_webhook(&with(webhook, values)).await);
    }
    let form = panel.open(&format!("{WEBHOOKS}{}/change/", made["关闭"])).await;
    panel.submit(form.form_with("repo_name").unset("enabled")).await;
    made
}

async fn deliveries_of_all_kinds(app: &App) {
    let to = |project: i64| push().with("/project_id", project);
    for (delivery, status, verdict) in [
        (push().key("k"), 202, "matched"),
        (push().key("k"), 200, "duplicate"),
        (to(16), 200, "filtered"),
        (to(17), 202, "matched"),
        (to(17).with("/total_commits_count", 2), 200, "filtered"),
        (to(18), 200, "filtered"),
        (to(19).with("/commits/1/message", "[skip ci] x"), 200, "filtered"),
        (to(20), 200, "disabled"),
        (to(99), 200, "unmatched"),
        (to(21).with("/repository/name", "别的"), 200, "unmatched"),
        (to(21), 202, "matched"),
        (push().with("/repository/name", "待定"), 200, "unmatched"),
        (push().with("/repository/name", "待定").at_register(), 202, "registered"),
        (push().with("/repository/name", "待定").at_register(), 200, "registered"),
        (to(98).at_register(), 200, "unmatched"),
        (push().token("wrong"), 401, "rejected"),
        (push().without("X-Gitlab-Token"), 401, "rejected"),
        (push().body("{"), 400, "rejected"),
        (push().body("[]"), 400, "rejected"),
        (push().body("{\"text\": 1}"), 200, "unmatched"),
        (push().header("X-Gitlab-Event", "Issue Hook"), 200, "unmatched"),
        (push().without("X-Gitlab-Event"), 400, "rejected"),
        (push().header("Content-Type", "text/plain"), 415, "rejected"),
        (push().header("Content-Encoding", "gzip"), 415, "rejected"),
        (push().also("X-Gitlab-Event", "Push Hook"), 400, "rejected"),
        (push().header("Idempotency-Key", &"k".repeat(2_000)), 400, "rejected"),
        (push().with("/repository/description", "x".repeat(60_000)), 413, "rejected"),
    ] {
        app.send(&delivery).await.expect(status, verdict);
    }
}

const BROKEN: &str = "command = 'x'\ncwd = 'a'\ntimeout_s = 0\nretry_on_failure = 1\nkind = 'command'\n\
    lane = 'A B'\ncolour = 1\n[retry]\ndelays_s = []\nfactor = 0.5\n[parameters.A]\ntype = 'x'\n\
    [parameters.b]\n[parameters.c]\ntype = 'enum'\n[parameters.d]\ntype = 'integer'\ndefault = 'x'\n\
    [secrets.PATH]\n";

/// A Signalbox in which all of this has happened.
async fn busy() -> (App, BTreeMap<&'static str, String>) {
    let odd = "[parameters.target]\ntype = 'enum'\nvalues = ['a', 'b']\nrequired = false\n\
               [parameters.count]\ntype = 'integer'\nmin = 1\nmax = 5\ndefault = 2\n";
    let mut app = Setup::new()
        .await
        .action("fails", odd, "echo x; exit 3")
        .action("slow", "timeout_s = 1\n", "trap '' TERM; sleep 60 & wait; wait")
        .action("killed", "", "kill -9 $$")
        .action("odd", "", "true")
        .action("gone", "", "true")
        .action("option", "", "exit 127")
        .action("temporary", "[retry]\nfirst_s = 3600\njitter = 0.5\n", "exit 75")
        .action("hold", "", "echo here; sleep 600")
        .setting("SIGNALBOX_MAX_BODY", "50000")
        .start()
        .await;
    let actions = app.folder().join("actions");
    let call = "kind = 'http'\nurl = 'http://127.0.0.1:9/x'\nallow_private_network = true\n";
    fs::write(actions.join("call.toml"), call).unwrap();
    fs::write(actions.join("broken.toml"), BROKEN).unwrap();
    fs::write(actions.join("Bad name.toml"), "").unwrap();
    fs::write(actions.join("away.toml"), "command = ['/no/such/program']").unwrap();
    fs::write(actions.join("toml.toml"), "command = [").unwrap();
    app.hang_up();
    let panel = app.panel().await;
    wait::until("the new action", async || {
        panel.open("/admin/hooks/action/").await.html.contains("action-call").then_some(())
    })
    .await;
    let webhooks = webhooks_of_all_kinds(&panel).await;
    // What the catalogue holds now is not what was there when the webhooks were made.
    write_action(&actions, "gone", "[parameters.must]\ntype = 'git-ref'\n", "true");
    fs::remove_file(actions.join("odd.toml")).unwrap();
    app.hang_up();
    wait::until("the entry's end", async || {
        let page = panel.open("/admin/hooks/action/").await.html;
        (!page.contains("action-odd") && page.contains("git-ref")).then_some(())
    })
    .await;
    deliveries_of_all_kinds(&app).await;
    let held = app.send(&push().with("/project_id", 22)).await.jobs().concat();
    wait::until("the attempt", async || {
        let sql = format!("job_output WHERE job_id = '{held}'");
        (app.database().count(&sql).await > 0).then_some(())
    })
    .await;
    app.restart().await;
    wait::until("the second attempt", async || {
        let sql = format!("job_attempts WHERE job_id = '{held}'");
        (app.database().count(&sql).await > 1).then_some(())
    })
    .await;
    wait::until("the end of the rest", async || {
        let open = "jobs WHERE state IN ('queued', 'running', 'scheduled')";
        (app.database().count(open).await == 1).then_some(())
    })
    .await;
    (app, webhooks)
}

#[tokio::test]
async fn f72_no_page_says_a_sentence_in_english_to_a_chinese_reader() {
    let (app, _) = busy().await;
    let mut reader = Reader::of(&app, ADMIN).await;
    // Held back, with the banner on every page; and what was cancelled.
    let job = app.database().value("SELECT id FROM jobs WHERE state = 'running'").await;
    let question = reader.opens(&format!("/admin/hooks/job/{job}/cancel/")).await;
    reader.sends(question.form_to(&format!("/admin/hooks/job/{job}/cancel/"))).await;
    app.job_is(&job, "cancelled").await;
    let form = reader.opens("/admin/hooks/worker/").await.form_to("/admin/hooks/worker/pause/");
    reader.sends(form.clone()).await;
    reader.sends(form.set("scope", "all").set("reason", "release day")).await;
    app.send(&push().with("/project_id", 21).key("held")).await.expect(202, "paused");
    let seen = reader.follows("/admin/").await;
    assert!(seen > 100, "{seen} pages");
    reader.ends();
}
