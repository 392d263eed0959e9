//! One delivery's page: what became of it and why, who set it off, what came and what was
//! answered. What came is drawn by `request.rs`, the match panel by `matching.rs`.

use super::matching::{self, MatchPanel};
use super::request::{self, BodyView};
use super::steps::{Step, delivery_steps};
use crate::clock;
use crate::control;
use crate::intake::Policy;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::badges::{equal_badge, verdict_badge};
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::kit::at::{At, span_text};
use crate::web::admin::kit::back::{self, preserved_list};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::words::{field_label, skip_reason};
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::event::Links;
use signalbox_core::ids::DeliveryId;
use signalbox_core::matching::filters::UNREADABLE;
use signalbox_core::matching::trace::{FieldCheck, MatchField, Trace};
use signalbox_core::role::Permission;
use signalbox_core::source::Source;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::{say, t};
use signalbox_store::Conn;
use signalbox_store::deliveries::{Brief, Full};
use signalbox_store::{deliveries, jobs};

/// One delivery.
#[derive(Template)]
#[template(path = "admin/deliveries/page.html")]
pub struct DeliveryPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// The delivery.
    pub delivery: Brief,
    /// When it came.
    pub received: At,
    /// Its verdict.
    pub badge: Badge,
    /// What became of it, in a sentence.
    pub sentence: String,
    /// Its way, step by step.
    pub steps: Vec<Step>,
    /// The webhooks that were tried, nearest first.
    pub webhooks: Vec<WebhookTraceView>,
    /// How many deliveries this one stands for, if many were counted in one.
    pub counted: Option<u64>,
    /// The jobs it made.
    pub jobs: Vec<JobView>,
    /// The kept headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: BodyView,
    /// The request as a command.
    pub curl: Option<String>,
    /// Its replays, newest first.
    pub replays: Vec<ReplayView>,
    /// The webhooks beside it, if it holds an event.
    pub panel: Option<MatchPanel>,
    /// The way to replay it, for those who may.
    pub replay: Option<ReplayButton>,
    /// Whether that is the best thing to do.
    pub wants_replay: bool,
    /// How it was made and by whom, if it was not received.
    pub made: Option<&'static str>,
    /// Where its parts are in GitLab.
    pub links: Links,
}

/// The button that leads to a replay.
pub struct ReplayButton {
    /// Its words.
    pub words: &'static str,
    /// Where it leads.
    pub href: String,
    /// Why it cannot be pressed.
    pub reason: Option<&'static str>,
}

/// A replay of it.
pub struct ReplayView {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Its verdict.
    pub badge: Badge,
    /// When it was made.
    pub at: At,
}

/// What a delivery's page shows besides the delivery.
pub struct About {
    /// The match panel.
    pub panel: Option<MatchPanel>,
    /// Its replays.
    pub replays: Vec<Brief>,
    /// Whether this person may replay it.
    pub may_replay: bool,
    /// What GitLab calls us by.
    pub public_address: String,
    /// How long bodies are kept.
    pub keep_body: TimeDelta,
    /// How long deliveries are kept.
    pub keep_delivery: TimeDelta,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A webhook that was tried.
pub struct WebhookTraceView {
    /// How it was called.
    pub label: String,
    /// Its page.
    pub href: String,
    /// How many conditions held, of how many.
    pub score: String,
    /// Each condition.
    pub checks: Vec<CheckView>,
}

/// One condition.
pub struct CheckView {
    /// The webhook's field, in words.
    pub label: String,
    /// What the webhook asks for.
    pub expected: String,
    /// What came.
    pub actual: String,
    /// Whether that is the same.
    pub badge: Badge,
}

/// A job it made.
pub struct JobView {
    /// Its state.
    pub badge: Badge,
    /// Its page.
    pub href: String,
    /// Its id.
    pub id: String,
    /// What its webhook was called.
    pub label: String,
    /// Attempts made, of how many.
    pub attempts: String,
    /// How long it ran.
    pub ran: Option<String>,
}

/// GET a delivery's page.
///
/// # Errors
/// No such delivery (404), the database (503).
pub async fn show_delivery(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.get_conn().await?;
    let full = deliveries::find_delivery(&mut conn, &id)
        .await
        .map_err(|error| missing_delivery(&ctx, error))?;
    let made = jobs::of_delivery(&mut conn, &id).await?;
    let replays = deliveries::list_replays(&mut conn, &id).await?;
    let panel = match_panel(&ctx, &mut conn, &full).await?;
    let frame = ctx
        .new_frame(say!("Delivery {id}", id = id))
        .with_crumb(t("Deliveries").to_owned(), preserved_list(&ctx, &urls::deliveries()));
    let retention = ctx.deps().retention;
    let about = About {
        panel,
        replays,
        may_replay: ctx.has_permission(Permission::Operate),
        public_address: ctx.public_address(),
        keep_body: retention.body,
        keep_delivery: retention.delivery,
        now: clock::now(),
    };
    render_page(&draw_delivery(frame, full, &made, about))
}

/// The match panel, for deliveries that hold an event.
async fn match_panel(
    ctx: &AdminContext,
    conn: &mut Conn,
    full: &Full,
) -> Result<Option<MatchPanel>, HumanError> {
    let trace: Trace = serde_json::from_value(full.reason.clone()).unwrap_or_default();
    if !matches!(trace.refusal.as_deref(), None | Some("unauthenticated")) {
        return Ok(None);
    }
    let deps = ctx.deps();
    let policy = Policy { allow_no_secret: deps.settings.allow_no_secret };
    let rejudged = control::evaluate_again(conn, full, &deps.keys, policy, clock::now()).await?;
    let may_edit = ctx.has_permission(Permission::ChangeWebhooks);
    Ok(Some(matching::draw_match_panel(&full.brief, rejudged, may_edit)))
}

/// GET a delivery's body as it came.
///
/// # Errors
/// No such delivery, or its body is gone (404), the database (503).
pub async fn download_body(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.get_conn().await?;
    let full = deliveries::find_delivery(&mut conn, &id)
        .await
        .map_err(|error| missing_delivery(&ctx, error))?;
    let bytes = full.body.ok_or_else(|| Problem::no_such("body kept of this delivery any more"))?;
    let name = format!("attachment; filename=\"{id}.json\"");
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(bytes))
}

/// The delivery that the address names.
///
/// # Errors
/// It names none (404).
pub fn id_of(ctx: &AdminContext) -> Result<DeliveryId, HumanError> {
    ctx.segment("id").parse().map_err(|_| no_such(ctx).into())
}

/// What to say of a delivery that could not be read.
pub fn missing_delivery(ctx: &AdminContext, error: signalbox_store::StoreError) -> Problem {
    match error {
        signalbox_store::StoreError::NotFound => no_such(ctx),
        other => other.into(),
    }
}

fn no_such(ctx: &AdminContext) -> Problem {
    back::no_such(ctx, t("delivery"), ctx.segment("id"), t("All deliveries"), urls::deliveries())
}

/// Draws a delivery.
pub fn draw_delivery(frame: Frame, full: Full, made: &[jobs::Row], about: About) -> DeliveryPage {
    let whole = control::whole_body(&full);
    let curl = request::curl_command(&about.public_address, &full.brief, whole);
    let replay = about.may_replay.then(|| replay_button(&full));
    let delivery = full.brief;
    let trace: Trace = serde_json::from_value(full.reason).unwrap_or_default();
    DeliveryPage {
        received: At(delivery.received_at),
        sentence: delivery_sentence(&delivery),
        badge: verdict_badge(delivery.verdict),
        steps: delivery_steps(&delivery, full.judged_at, made),
        webhooks: trace.webhooks.iter().map(webhook_view).collect(),
        counted: trace.counted,
        jobs: made.iter().map(job_view).collect(),
        headers: request::stored_headers(&full.headers),
        body: BodyView::from_delivery(
            &delivery,
            full.body.as_deref(),
            &full.body_sha256,
            about.keep_body,
            about.keep_delivery,
        ),
        curl,
        replays: about.replays.iter().map(replay_view).collect(),
        wants_replay: about.panel.as_ref().is_some_and(|panel| panel.wants_replay),
        panel: about.panel,
        replay,
        made: made_how(&delivery),
        links: links_of(&delivery, full.body.as_deref()),
        delivery,
        frame,
        now: about.now,
    }
}

/// The pages in GitLab that the body of an authentic delivery names, while it is kept.
fn links_of(delivery: &Brief, body: Option<&[u8]>) -> Links {
    let body = body.filter(|_| !delivery.web_url.is_empty());
    body.and_then(|body| Links::from_body(&delivery.event, body).ok()).unwrap_or_default()
}

/// Why it became what it became; a sentence that was stored without its code is shown as it is.
pub fn reason_text(delivery: &Brief) -> String {
    let typed = delivery.typed_reason();
    typed.map_or_else(|| delivery.summary.clone(), |reason| say(&reason.sentence()))
}

/// The sentence, without the verdict in front, which the page shows already.
fn delivery_sentence(delivery: &Brief) -> String {
    let label = verdict_badge(delivery.verdict).label;
    let whole = reason_text(delivery);
    let rest = whole.strip_prefix(t(&label));
    let rest = rest.and_then(|rest| rest.strip_prefix(": ").or(rest.strip_prefix('：')));
    let Some(rest) = rest else { return whole };
    let mut letters = rest.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn replay_button(full: &Full) -> ReplayButton {
    let is_duplicate = full.brief.verdict == Verdict::Duplicate;
    ReplayButton {
        words: if is_duplicate { "Run again anyway…" } else { "Replay…" },
        href: urls::delivery_replay(&full.brief.id),
        reason: control::find_obstacle(control::what_is_kept(full)).map(skip_reason),
    }
}

/// How a delivery was made, if nobody sent it.
pub fn made_how(delivery: &Brief) -> Option<&'static str> {
    match delivery.source {
        Source::Replay => Some("Replayed"),
        Source::Hand => Some("Manual"),
        Source::Log => Some("From GitLab’s log"),
        Source::CatchUp => Some("Made to catch up"),
        Source::Gitlab => None,
    }
}

fn replay_view(replay: &Brief) -> ReplayView {
    ReplayView {
        id: replay.id.clone(),
        href: urls::object("hooks", "delivery", &replay.id),
        badge: verdict_badge(replay.verdict),
        at: At(replay.received_at),
    }
}

fn webhook_view(webhook: &signalbox_core::matching::trace::WebhookTrace) -> WebhookTraceView {
    WebhookTraceView {
        label: webhook.label.clone(),
        href: urls::webhook(webhook.webhook),
        score: say!("{n} of {all} match", n = webhook.count_equal(), all = webhook.checks.len()),
        checks: webhook
            .checks
            .iter()
            .map(|check| CheckView {
                label: field_label(check.field.as_str()).to_owned(),
                expected: expected_text(check),
                actual: actual_text(check),
                badge: equal_badge(check.equal),
            })
            .collect(),
    }
}

/// What a condition asks for: a word of ours in the reader's language, data as it is.
pub fn expected_text(check: &FieldCheck) -> String {
    match check.field {
        MatchField::Credential | MatchField::ObeySkip | MatchField::ProjectId => {
            t(&check.expected).to_owned()
        }
        _ if check.expected == UNREADABLE => t(UNREADABLE).to_owned(),
        _ => check.expected.clone(),
    }
}

/// What came: the same.
pub fn actual_text(check: &FieldCheck) -> String {
    match (&check.words, check.field) {
        (Some(words), _) => say(words),
        (None, MatchField::Credential | MatchField::ObeySkip | MatchField::ProjectId) => {
            t(&check.actual).to_owned()
        }
        (None, _) => check.actual.clone(),
    }
}

fn job_view(row: &jobs::Row) -> JobView {
    let job = &row.job;
    JobView {
        badge: job_badge(job.state),
        href: urls::object("hooks", "job", &job.id),
        id: job.id.clone(),
        label: job.webhook_label.clone(),
        attempts: say!("{n} of {total}", n = job.attempts, total = job.most_attempts()),
        ran: job.started_at.zip(job.finished_at).map(|(from, to)| span_text(to - from)),
    }
}
