//! Every page of lists, forms, deliveries and jobs in every state it can be in, rendered: a page
//! cannot rot unseen. Holds the HTML to what browsers and screen readers need of it.

pub mod chinese;
mod gitlab;
mod many;
mod replay;
mod rows;
mod work;

use super::deliveries::matching::{self, MatchPanel};
use super::deliveries::{Deliveries, page as delivery_page, unmatched};
use super::jobs::{Jobs, log::Log, page as job_page, view::View, waits::Waits};
use super::kit::entry::{Entry, Kind};
use super::kit::form::{FormErrors, FormView, Values};
use super::kit::kept::SavedView;
use super::kit::list_view::{self, Read};
use super::kit::pages::{ChangeFormPage, ChangelistPage, Follow, HistoryPage};
use super::kit::query::read_query;
use super::kit::resource::Resource;
use super::kit::saved;
use super::webhooks::{self, Webhooks, overview, reset, setup};
use crate::control::{Near, Rejudged};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use rows::{sample_attempt, sample_delivery, sample_job, sample_webhook};
use scraper::{Html, Selector};
use serde_json::json;
use signalbox_actions::Catalogue;
use signalbox_core::change::{Change, Value};
use signalbox_core::credential::Check;
use signalbox_core::ids::WebhookId;
use signalbox_core::job::{AttemptOutcome, JobState};
use signalbox_core::listing::{Counts, Page, Total};
use signalbox_core::matching::mismatch::{ComparedField, Explanation, Mark, Remedy};
use signalbox_core::matching::project::Move;
use signalbox_core::matching::trace::MatchField;
use signalbox_core::role::Role;
use signalbox_core::verdict::Verdict;
use signalbox_gitlab::ApiFailure;
use signalbox_store::audit::Verb;
use signalbox_store::deliveries::{Brief, Full, JobRef, Row as DeliveryRow};
use signalbox_store::gitlab::statuses::Told;
use signalbox_store::jobs::{Attempt, Neighbours, Row as JobRow};
use std::collections::HashSet;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const LONG: &str = "a-name-that-goes-on-and-on-without-a-single-space-in-it-for-far-too-long";
const ODD: &str = "<script>alert('x')</script> \"quoted\" & 数据";

fn sample_changelist<R: Resource>(query: &str, rows: Vec<R::Row>, all: Option<i64>) -> String {
    let asked = read_query(&R::META.list_url(), query, R::LISTING);
    let matching = Total::Exactly(i64::try_from(rows.len()).unwrap());
    let page = Page { rows, matching, has_newer: false, has_older: true };
    let read = Read { page, all: all.map(Total::AtLeast), counts: Counts::default() };
    let view = SavedView {
        id: 7,
        name: ODD.to_owned(),
        query: "q=another".to_owned(),
        columns: None,
        change: Some("/admin/view/7/".to_owned()),
    };
    let choice = saved::column_choice(R::LISTING, &asked, Some(&view));
    let open = saved::draw_view(&view, &asked.address);
    let mut list = list_view::draw_list(R::META.plural, NOW, R::LISTING, asked, &read);
    (list.choice, list.view) = (Some(choice), all.map(|_| open));
    list.save_view = Some("/admin/view/add/".to_owned());
    list.actions = R::META.actions.iter().map(|action| (action.name, action.label)).collect();
    ChangelistPage {
        frame: crate::web::admin::context::sample_frame(R::META.title),
        reveal: vec![("Secret token".to_owned(), ODD.to_owned())],
        tools: R::META.tools,
        import: R::META.transfer.map(|transfer| transfer.import),
        note: Some(ODD.to_owned()),
        list,
        add: Some(R::META.add_url()),
        one: R::META.label,
    }
    .render()
    .unwrap()
}

fn change_form(project_id: Option<i64>, may_edit: bool, wrong: &[&str]) -> String {
    let catalogue = Catalogue::load_directory(None).0;
    let mut errors = FormErrors::default();
    for field in wrong {
        errors.add_error(field, format!("{ODD}."));
    }
    let (object, values) = match project_id.map(|id| sample_webhook(id, "")) {
        Some(row) => webhooks::sample_form(&row),
        None => (None, Values::default()),
    };
    let fieldsets = webhooks::sample_fieldsets(
        &catalogue,
        "https://signalbox.example.com",
        &values,
        object.as_ref(),
    );
    ChangeFormPage {
        frame: crate::web::admin::context::sample_frame("Webhook").with_errors(!wrong.is_empty()),
        form: FormView::bind_form(fieldsets, &values, &errors),
        may_edit,
        now: NOW,
        reveal: Vec::new(),
        action: "/admin/hooks/webhook/7/change/".to_owned(),
        copies: object.as_ref().map(|_| ODD),
        add_tools: &[("Fill in from a payload", "/admin/")],
        history: object.as_ref().map(|_| "/admin/hooks/webhook/7/history/".to_owned()),
        delete: object.as_ref().map(|_| "/admin/hooks/webhook/7/delete/".to_owned()),
        close: "/admin/hooks/webhook/".to_owned(),
        object,
        was: ODD.to_owned(),
        once: ODD.to_owned(),
        one: "webhook",
    }
    .render()
    .unwrap()
}

fn overview_sample(project_id: i64, may_edit: bool) -> String {
    let row = sample_webhook(project_id, LONG);
    let states = JobState::ALL.into_iter().filter(|_| !row.is_pending());
    let jobs = states.map(job_row).collect();
    overview::sample_overview(row, jobs, may_edit).render().unwrap()
}

fn delivery_sample(verdict: Verdict, body: Option<&[u8]>, jobs: usize) -> String {
    let check = json!({"field": "repo_url", "expected": "a", "actual": "", "equal": false});
    let full = Full {
        brief: sample_delivery(verdict),
        reason: json!({"records": [{"webhook": 7, "label": ODD, "checks": [check]}]}),
        headers: json!({"X-Gitlab-Token": "[masked]", "X-Gitlab-Event": ODD}),
        body: body.map(<[u8]>::to_vec),
        body_sha256: vec![0x1b; 32],
        token_digest: None,
        judged_at: body.map(|_| NOW),
    };
    let made: Vec<JobRow> = (0..jobs).map(|_| job_row(JobState::Succeeded)).collect();
    let frame = crate::web::admin::context::sample_frame(ODD);
    let about = delivery_page::About {
        panel: Some(panel_sample(&full.brief)),
        replays: vec![sample_delivery(Verdict::Matched)],
        may_replay: true,
        public_address: "https://signalbox.example.com".to_owned(),
        keep_body: TimeDelta::days(14),
        keep_delivery: TimeDelta::days(90),
        now: NOW,
    };
    delivery_page::draw_delivery(frame, full, &made, about).render().unwrap()
}

fn panel_sample(delivery: &Brief) -> MatchPanel {
    let field = |field, mark| ComparedField {
        field,
        expected: LONG.to_owned(),
        actual: ODD.to_owned(),
        mark,
    };
    let near = Near {
        webhook: WebhookId(7),
        label: ODD.to_owned(),
        is_pending: false,
        fields: vec![
            field(MatchField::RepoName, Mark::Differs),
            field(MatchField::RepoUrl, Mark::OtherForm),
        ],
        credential: Check::Wrong,
        is_accepted: true,
        more: Vec::new(),
    };
    let told = Explanation { sentence: ODD.into(), remedy: Remedy::Reset };
    let moved = |id| Move {
        id: WebhookId(id),
        version: 1,
        repo_name: ODD.to_owned(),
        repo_url: LONG.to_owned(),
    };
    let renamed = vec![moved(7), moved(8)];
    matching::draw_match_panel(
        delivery,
        Rejudged { now: None, told, nearest: vec![near], renamed },
        true,
    )
}

fn job_row(state: JobState) -> JobRow {
    let job = sample_job(state, 1);
    let (event, user_name) = ("Push Hook".to_owned(), ODD.to_owned());
    let sha = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7".to_owned();
    JobRow { job, event, user_name, sha, exit_code: Some(3), signal: None }
}

fn job_sample(state: JobState, attempts: Vec<(Attempt, Log)>) -> String {
    let shown = job_page::Shown {
        job: sample_job(state, i32::try_from(attempts.len()).unwrap()),
        attempts: attempts.into_iter().map(|(attempt, log)| (attempt, Some(log))).collect(),
        view: View::from_query("times=1&find=x&wrap=0"),
        keep: chrono::TimeDelta::days(30),
        cause: Some(sample_delivery(Verdict::Matched)),
        webhook: None,
        beside: Neighbours { previous: Some(ODD.to_owned()), next: Some(LONG.to_owned()) },
        waits: Waits { before: 2, running: Some(ODD.to_owned()), ..Waits::default() },
        told: Some(Told {
            sent: "running".to_owned(),
            sent_at: Some(NOW),
            failure: Some(ApiFailure::NotFound.to_stored()),
            due_at: Some(NOW),
        }),
        role: Role::Admin,
    };
    job_page::draw_job(crate::web::admin::context::sample_frame("Jobs"), shown, NOW)
        .render()
        .unwrap()
}

fn sample_history(exists: bool) -> String {
    let entry = Entry {
        id: 1,
        at: NOW,
        actor: ODD.to_owned(),
        verb: Verb::Change.label(),
        kind: Kind::Changed,
        name: ODD.to_owned(),
        changes: vec![
            Change {
                field: "notes".to_owned(),
                before: Some(Value::Text(ODD.to_owned())),
                after: Some(Value::None),
                secret: false,
            },
            Change::of_secret("secret_token"),
        ],
        remote_addr: "127.0.0.1".to_owned(),
    };
    let frame = crate::web::admin::context::sample_frame("History");
    let follow = if exists { Follow::Revert("/admin/".to_owned()) } else { Follow::Nothing };
    let mut page = HistoryPage::from_entries(
        frame,
        (vec![entry], vec![follow]),
        &super::words::all_labels(),
        (exists, NOW),
    );
    page.older = exists.then(|| "/admin/?p=2".to_owned());
    page.render().unwrap()
}

fn sample_pages() -> Vec<(String, String)> {
    let row = |verdict: Verdict, jobs: usize| DeliveryRow {
        delivery: sample_delivery(verdict),
        jobs: (0..jobs)
            .map(|n| JobRef {
                id: n.to_string(),
                state: JobState::Failed,
                webhook_label: ODD.to_owned(),
            })
            .collect(),
    };
    let mut samples = vec![
        ("webhooks, none", sample_changelist::<Webhooks>("", vec![], None)),
        ("webhooks, none match", sample_changelist::<Webhooks>("q=x&nonsense=1", vec![], Some(1))),
        (
            "webhooks",
            sample_changelist::<Webhooks>(
                "o=1.-2&enabled=1&p=1",
                vec![sample_webhook(-1, ""), sample_webhook(15, LONG), sample_webhook(0, ODD)],
                Some(10_000),
            ),
        ),
        (
            "deliveries",
            sample_changelist::<Deliveries>(
                "",
                vec![row(Verdict::Matched, 2), row(Verdict::Duplicate, 0)],
                None,
            ),
        ),
        (
            "jobs",
            sample_changelist::<Jobs>("state=failed", vec![job_row(JobState::Failed)], Some(9)),
        ),
        ("add", change_form(None, true, &[])),
        ("add, wrong", change_form(None, true, &["repo_name", "secret_token", "pending", ""])),
        ("change", change_form(Some(15), true, &["object_kind"])),
        ("change, pending", change_form(Some(-1), true, &[])),
        ("read", change_form(Some(15), false, &[])),
        ("webhook", overview_sample(15, true)),
        ("webhook, pending", overview_sample(-1, true)),
        ("webhook, read", overview_sample(0, false)),
        ("history", sample_history(true)),
        ("history of a deleted one", sample_history(false)),
        ("delivery", delivery_sample(Verdict::Matched, Some(b"{\"a\": [1]}"), 1)),
        ("delivery, many jobs", delivery_sample(Verdict::Matched, Some(b"{}"), 3)),
        ("delivery, not JSON", delivery_sample(Verdict::Rejected, Some(b"<b>\xff"), 0)),
        ("delivery, body gone", delivery_sample(Verdict::Unmatched, None, 0)),
        ("unmatched", unmatched::sample_unmatched(ODD).render().unwrap()),
        ("setup, pending", setup::sample_setup(&sample_webhook(-1, ""), ODD).render().unwrap()),
        (
            "setup, registered",
            setup::sample_setup(&sample_webhook(15, LONG), ODD).render().unwrap(),
        ),
        ("reset", reset::sample_reset(sample_webhook(15, ODD)).render().unwrap()),
        (
            "job, running",
            job_sample(
                JobState::Running,
                vec![sample_attempt(2, None), sample_attempt(1, Some(AttemptOutcome::Lost))],
            ),
        ),
        (
            "job, failed",
            job_sample(JobState::Failed, vec![sample_attempt(1, Some(AttemptOutcome::Failed))]),
        ),
    ]
    .into_iter()
    .map(|(name, html)| (name.to_owned(), html))
    .collect::<Vec<_>>();
    for state in signalbox_core::job::JobState::ALL {
        samples.push((format!("job, {}", state.as_str()), job_sample(state, vec![])));
    }
    samples
}

fn attribute_values(html: &Html, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let found = html.select(&selector).filter_map(|element| element.attr(attribute));
    found.map(str::to_owned).collect()
}

#[test]
fn every_page_renders_in_every_state_and_is_sound_html() {
    for (name, text) in sample_pages()
        .into_iter()
        .chain(gitlab::sample_pages())
        .chain(many::sample_pages())
        .chain(replay::sample_pages())
        .chain(work::sample_pages())
    {
        assert!(!text.contains("<script>alert"), "{name}: what is shown is text");
        let html = Html::parse_document(&text);
        assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
        assert_eq!(html.select(&Selector::parse("h1").unwrap()).count(), 1, "{name}");
        let ids = attribute_values(&html, "[id]", "id");
        let known: HashSet<&String> = ids.iter().collect();
        assert_eq!(known.len(), ids.len(), "{name}: an id stands twice in {ids:?}");
        for (selector, attribute) in [
            ("label[for]", "for"),
            ("[aria-describedby]", "aria-describedby"),
            ("[data-pairs]", "data-pairs"),
        ] {
            for used in attribute_values(&html, selector, attribute) {
                for id in used.split_whitespace() {
                    assert!(ids.iter().any(|known| known == id), "{name}: no element {id}");
                }
            }
        }
        for inline in ["[style]", "[onclick]", "style", "main script"] {
            let selector = Selector::parse(inline).unwrap();
            assert_eq!(html.select(&selector).count(), 0, "{name}: {inline}");
        }
        let badge = Selector::parse(".badge").unwrap();
        assert!(
            html.select(&badge).all(|badge| badge.attr("data-state").is_some()),
            "{name}: a badge without its word"
        );
    }
}

#[test]
fn lists_and_webhooks_are_chinese_in_chinese() {
    chinese::assert_chinese(|| {
        let is_webhook = |name: &str| {
            ["webhook", "add", "change", "read", "setup", "reset"]
                .iter()
                .any(|start| name.starts_with(start))
        };
        sample_pages().into_iter().filter(|(name, _)| is_webhook(name)).collect()
    });
}

#[test]
fn pages_of_jobs_are_chinese_in_chinese() {
    chinese::assert_chinese(|| {
        let jobs = sample_pages().into_iter().filter(|(name, _)| name.starts_with("job,"));
        jobs.chain(work::sample_pages()).collect()
    });
}

#[test]
fn the_log_of_deliveries_is_chinese_in_chinese() {
    chinese::assert_chinese(|| {
        let is_delivery =
            |name: &str| name.starts_with("delivery") || name.starts_with("unmatched");
        sample_pages().into_iter().filter(|(name, _)| is_delivery(name)).collect()
    });
}
