//! The match panel: a delivery beside the webhooks that come nearest to it, at arrival and now,
//! with one plain sentence and what can be done. Judging is `crate::control::rejudge`.

use super::page::{actual_text, expected_text};
use crate::control::{Near, Rejudged};
use crate::web::admin::deliveries::badges::{equal_badge, verdict_badge};
use crate::web::admin::kit::badge::{Badge, Tone};
use crate::web::admin::words::field_label;
use crate::web::urls;
use signalbox_core::difference::{Piece, diff_letters};
use signalbox_core::matching::mismatch::{ComparedField, Mark, Remedy};
use signalbox_core::matching::project::Move;
use signalbox_i18n::{self as i18n, say, t};
use signalbox_store::deliveries::Brief;

/// The panel.
pub struct MatchPanel {
    /// What stands between the delivery and the nearest webhook.
    pub sentence: String,
    /// The verdict at arrival.
    pub then: Badge,
    /// What would become of it now, if that is something else.
    pub now: Option<(Badge, String)>,
    /// The nearest webhooks.
    pub webhooks: Vec<NearView>,
    /// What helps: words, address, and whether it is the best thing to do.
    pub tools: Vec<Tool>,
    /// The button that takes over what a renamed project is called now, for those who may.
    pub take_over: Option<TakeOver>,
    /// Whether a replay is the best thing to do: it ran nothing, and would now.
    pub wants_replay: bool,
}

/// A button that gives the webhooks of a renamed project its new name and address.
pub struct TakeOver {
    /// Its words.
    pub words: String,
    /// Where it is sent.
    pub action: String,
    /// The webhooks as they were looked at: `id:version`.
    pub webhooks: Vec<String>,
}

/// A button that leads somewhere.
pub struct Tool {
    /// Its words.
    pub words: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether it is the best thing to do.
    pub is_best: bool,
}

/// A webhook beside the delivery.
pub struct NearView {
    /// Its id.
    pub id: String,
    /// How it is called.
    pub label: String,
    /// Its page.
    pub href: String,
    /// How many of the five fields are equal.
    pub score: String,
    /// Field by field.
    pub rows: Vec<RowView>,
    /// Its form with the delivery's values filled in, if any differ.
    pub fix: Option<String>,
}

/// One field.
pub struct RowView {
    /// Its label.
    pub label: String,
    /// What came, in pieces.
    pub actual: Vec<Piece>,
    /// What the webhook asks for, in pieces.
    pub expected: Vec<Piece>,
    /// How it fares.
    pub badge: Badge,
    /// A word on why it is equal all the same.
    pub note: &'static str,
}

/// Draws the panel.
pub fn draw_match_panel(delivery: &Brief, rejudged: Rejudged, may_edit: bool) -> MatchPanel {
    let was = delivery.verdict;
    let now = rejudged.now.filter(|now| now.verdict != was);
    let tools = match_tools(delivery, rejudged.told.remedy, rejudged.nearest.first(), may_edit);
    // Once the webhook is mended, the delivery is to run after all.
    let runs = now.as_ref().is_some_and(|now| !now.run.is_empty());
    let did_something = was.claims_its_key();
    let is_renamed = may_edit && !rejudged.renamed.is_empty();
    let take_over = is_renamed.then(|| take_over(delivery, &rejudged.renamed));
    let has_best = take_over.is_some() || tools.iter().any(|tool| tool.is_best);
    let wants_replay = runs && !did_something && !has_best;
    MatchPanel {
        sentence: say(&rejudged.told.sentence),
        then: verdict_badge(delivery.verdict),
        now: now.map(|now| (verdict_badge(now.verdict), say(&now.reason.sentence()))),
        webhooks: rejudged.nearest.iter().map(|near| near_view(delivery, near, may_edit)).collect(),
        tools,
        take_over,
        wants_replay,
    }
}

fn take_over(delivery: &Brief, webhooks: &[Move]) -> TakeOver {
    TakeOver {
        words: i18n::count_phrase(
            i64::try_from(webhooks.len()).unwrap_or(i64::MAX),
            "Use the new name and URL",
            "Use the new name and URL in {n} webhooks",
        ),
        action: urls::delivery_take_over(&delivery.id),
        webhooks: webhooks.iter().map(move_mark).collect(),
    }
}

/// A webhook as it was looked at, as a form carries it.
pub fn move_mark(moved: &Move) -> String {
    format!("{}:{}", moved.id, moved.version)
}

fn match_tools(delivery: &Brief, remedy: Remedy, near: Option<&Near>, may_edit: bool) -> Vec<Tool> {
    let mut tools = Vec::new();
    let mut offer = |words, href, is_best| tools.push(Tool { words, href, is_best });
    if let Some(near) = near {
        let form = urls::webhook_form(near.webhook);
        match remedy {
            Remedy::Setup => offer("Open setup page", urls::webhook_setup(near.webhook), true),
            _ if !may_edit => {}
            Remedy::Fix => {
                offer("Edit webhook", fix_form_url(delivery, near).unwrap_or(form), true);
            }
            Remedy::Reset => {
                offer("Reset registration", urls::webhook_reset(near.webhook), true);
                offer("Edit webhook", fix_form_url(delivery, near).unwrap_or(form), false);
            }
            Remedy::Secret => offer("Change secret", format!("{form}#id_secret_token"), true),
            Remedy::Enable => {
                offer("Enable webhook", urls::with_query(&form, &[("enabled", "1")]), true);
            }
            Remedy::Nothing | Remedy::TakeOver | Remedy::Create | Remedy::PushOnce => {}
        }
    }
    let wants_one = !matches!(remedy, Remedy::Nothing | Remedy::TakeOver | Remedy::PushOnce);
    if may_edit && wants_one && !delivery.repo_name.is_empty() {
        offer("Create webhook", create_form_url(delivery), remedy == Remedy::Create);
    }
    tools
}

fn near_view(delivery: &Brief, near: &Near, may_edit: bool) -> NearView {
    let mut rows: Vec<RowView> = near.fields.iter().map(field_row).collect();
    let whole = |text: &str| vec![Piece { text: text.to_owned(), differs: false }];
    rows.push(RowView {
        label: "Secret".to_owned(),
        actual: whole(t(near.credential.word())),
        expected: whole(t("the webhook's own")),
        badge: equal_badge(near.is_accepted),
        note: "",
    });
    for check in &near.more {
        rows.push(RowView {
            label: field_label(check.field.as_str()).to_owned(),
            actual: whole(&actual_text(check)),
            expected: whole(&expected_text(check)),
            badge: equal_badge(check.equal),
            note: "",
        });
    }
    NearView {
        id: near.webhook.to_string(),
        label: near.label.clone(),
        href: urls::webhook(near.webhook),
        score: say!("{n} of {all} match", n = near.count_equal(), all = 5),
        rows,
        fix: fix_form_url(delivery, near).filter(|_| may_edit && near.is_accepted),
    }
}

fn field_row(field: &ComparedField) -> RowView {
    let (expected, actual) = match field.mark {
        Mark::Differs => diff_letters(&field.expected, &field.actual),
        Mark::Equal | Mark::OtherForm | Mark::Absent | Mark::Awaited | Mark::NotCompared => {
            let whole = |text: &str| match text {
                "" => Vec::new(),
                text => vec![Piece { text: text.to_owned(), differs: false }],
            };
            (whole(&field.expected), whole(&field.actual))
        }
    };
    let note = match field.mark {
        Mark::OtherForm => "same repository, different URL form (SSH/HTTP)",
        Mark::Awaited => "taken from the Test",
        Mark::NotCompared => "optional for such events",
        Mark::Equal | Mark::Differs | Mark::Absent => "",
    };
    RowView {
        label: field_label(field.field.as_str()).to_owned(),
        actual,
        expected,
        badge: match_badge(field.mark),
        note,
    }
}

fn match_badge(mark: Mark) -> Badge {
    match mark {
        Mark::Equal | Mark::OtherForm => equal_badge(true),
        Mark::Differs => equal_badge(false),
        Mark::Absent => Badge::new("absent", "Absent", "dash", Tone::Quiet),
        Mark::Awaited => Badge::new("pending", "Pending", "hourglass", Tone::Caution),
        Mark::NotCompared => Badge::new("absent", "Not compared", "dash", Tone::Quiet),
    }
}

/// The webhook's form with what was delivered in the place of what differs.
fn fix_form_url(delivery: &Brief, near: &Near) -> Option<String> {
    let mut pairs: Vec<(&str, &str)> = near
        .fields
        .iter()
        .filter(|field| field.mark == Mark::Differs)
        .map(|field| (field.field.as_str(), field.actual.as_str()))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    pairs.push(("from_delivery", &delivery.id));
    Some(urls::with_query(&urls::webhook_form(near.webhook), &pairs))
}

/// The form for a new webhook that would match such a delivery.
pub fn create_form_url(delivery: &Brief) -> String {
    create_with(
        [&delivery.repo_name, &delivery.repo_url, &delivery.object_kind, &delivery.event],
        delivery.project_id,
        &delivery.id,
    )
}

/// The form for a new webhook with these values of a delivery: name, address, kind, header.
pub fn create_with(
    [name, url, kind, header]: [&str; 4],
    project_id: Option<i64>,
    delivery: &str,
) -> String {
    let project_id = project_id.unwrap_or(0).to_string();
    urls::with_query(
        &urls::webhook_add(),
        &[
            ("repo_name", name),
            ("repo_url", url),
            ("object_kind", kind),
            ("http_x_gitlab_event", header),
            ("project_id", &project_id),
            ("pending", "0"),
            ("from_delivery", delivery),
        ],
    )
}
