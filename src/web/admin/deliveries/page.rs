//! One delivery's page: what became of it and why, who set it off, what came and what was
//! answered.

use super::body;
use crate::clock;
use crate::core::ids::DeliveryId;
use crate::core::matching::trace::Trace;
use crate::core::verdict::Verdict;
use crate::store::deliveries::{Brief, Full};
use crate::store::{deliveries, jobs};
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::{At, size, span};
use crate::web::admin::kit::back::preserved_list;
use crate::web::admin::kit::column::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::human::{HumanError, page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;
use chrono::{DateTime, Utc};

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
    /// The records that were tried, nearest first.
    pub records: Vec<RecordView>,
    /// How many deliveries this one stands for, if many were counted in one.
    pub counted: Option<u64>,
    /// The jobs it made.
    pub jobs: Vec<JobView>,
    /// The kept headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: BodyView,
    /// The form for a new record, filled in from it.
    pub create: Option<String>,
}

/// A step of a delivery's or a job's way.
pub struct Step {
    /// What happened.
    pub name: &'static str,
    /// When; none = not yet.
    pub at: Option<At>,
    /// A word for its colour; `todo` = not yet.
    pub state: String,
    /// How long it took to the next step, or a word.
    pub span: Option<String>,
    /// Whether the next step has not been reached.
    pub next_is_todo: bool,
}

/// A record that was tried.
pub struct RecordView {
    /// How it was called.
    pub label: String,
    /// Its form.
    pub href: String,
    /// How many conditions held, of how many.
    pub score: String,
    /// Each condition.
    pub checks: Vec<CheckView>,
}

/// One condition.
pub struct CheckView {
    /// The record's field, in words.
    pub label: String,
    /// What the record asks for.
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
    /// What its record was called.
    pub label: String,
    /// Attempts made, of how many.
    pub attempts: String,
    /// How long it ran.
    pub ran: Option<String>,
}

/// A body.
pub struct BodyView {
    /// Indented, if it is JSON.
    pub pretty: Option<String>,
    /// As it came; none once retention took it.
    pub raw: Option<String>,
    /// How large it was.
    pub size: String,
    /// Whether only its start is shown or was kept.
    pub is_cut: bool,
    /// Its SHA-256.
    pub sha256: String,
    /// Where to download it.
    pub download: String,
}

impl BodyView {
    /// The beginning of its SHA-256.
    pub fn short_sha(&self) -> String {
        self.sha256.chars().take(12).collect()
    }
}

/// GET a delivery's page.
///
/// # Errors
/// No such delivery (404), the database (503).
pub async fn show(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.conn().await?;
    let full = deliveries::find(&mut conn, &id).await.map_err(|error| missing(&ctx, error))?;
    let made = jobs::of_delivery(&mut conn, &id).await?;
    let frame = ctx
        .frame(format!("Delivery {id}"))
        .crumb("Deliveries", preserved_list(&ctx, &urls::deliveries()));
    let may_edit = ctx.may(crate::core::role::Permission::ChangeRecords);
    page(&draw(frame, full, &made, (may_edit, clock::now())))
}

/// GET a delivery's body as it came.
///
/// # Errors
/// No such delivery, or its body is gone (404), the database (503).
pub async fn download(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.conn().await?;
    let full = deliveries::find(&mut conn, &id).await.map_err(|error| missing(&ctx, error))?;
    let bytes = full.body.ok_or_else(|| Problem::no_such("body kept of this delivery any more"))?;
    let name = format!("attachment; filename=\"{id}.json\"");
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(bytes))
}

fn id_of(ctx: &AdminContext) -> Result<DeliveryId, HumanError> {
    ctx.segment("id").parse().map_err(|_| no_such(ctx).into())
}

fn missing(ctx: &AdminContext, error: crate::store::StoreError) -> Problem {
    match error {
        crate::store::StoreError::NotFound => no_such(ctx),
        other => other.into(),
    }
}

fn no_such(ctx: &AdminContext) -> Problem {
    let id: String = ctx.segment("id").chars().take(40).collect();
    Problem::no_such(format!("delivery {id}")).link("All deliveries", urls::deliveries())
}

/// Draws a delivery.
pub fn draw(
    frame: Frame,
    full: Full,
    made: &[jobs::Row],
    (may_edit, now): (bool, DateTime<Utc>),
) -> DeliveryPage {
    let delivery = full.brief;
    let trace: Trace = serde_json::from_value(full.reason).unwrap_or_default();
    let verdict = Verdict::parse(&delivery.verdict);
    let unknown = matches!(verdict, Some(Verdict::Unmatched | Verdict::Rejected));
    DeliveryPage {
        received: At(delivery.received_at),
        sentence: sentence(&delivery),
        badge: Badge::verdict(&delivery.verdict),
        steps: steps(&delivery, made),
        records: trace.records.iter().map(record_view).collect(),
        counted: trace.counted,
        jobs: made.iter().map(job_view).collect(),
        headers: headers(&full.headers),
        body: body_view(&delivery, full.body.as_deref(), &full.body_sha256),
        create: (may_edit && unknown && !delivery.repo_name.is_empty()).then(|| create(&delivery)),
        delivery,
        frame,
        now,
    }
}

/// The stored sentence, without the verdict in front, which the page shows already.
fn sentence(delivery: &Brief) -> String {
    let label = Badge::verdict(&delivery.verdict).label;
    let told = delivery.summary.strip_prefix(&label).and_then(|rest| rest.strip_prefix(": "));
    let Some(told) = told else { return delivery.summary.clone() };
    let mut letters = told.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn steps(delivery: &Brief, made: &[jobs::Row]) -> Vec<Step> {
    let badge = Badge::verdict(&delivery.verdict);
    let mut steps = vec![Step {
        name: "Received and judged",
        at: Some(At(delivery.received_at)),
        state: delivery.verdict.clone(),
        span: Some(badge.label),
        next_is_todo: false,
    }];
    // Of several jobs, the table below tells more than one line could.
    if let [only] = made {
        steps.extend(job_steps(&only.job));
    }
    steps
}

/// The steps of a job's way: queued, started, ended.
pub fn job_steps(job: &jobs::Job) -> Vec<Step> {
    let badge = Badge::job(&job.state);
    let started = job.started_at;
    let waited = started.map(|started| span(started - job.queued_at));
    let ran = started.zip(job.finished_at).map(|(started, finished)| span(finished - started));
    let todo = |at: Option<DateTime<Utc>>, state: &str| {
        if at.is_some() { state.to_owned() } else { "todo".to_owned() }
    };
    vec![
        Step {
            name: "Queued",
            at: Some(At(job.queued_at)),
            state: "queued".to_owned(),
            span: waited.map(|waited| format!("waited {waited}")),
            next_is_todo: started.is_none(),
        },
        Step {
            name: "Started",
            at: started.map(At),
            state: todo(started, "running"),
            span: ran.map(|ran| format!("ran {ran}")),
            next_is_todo: job.finished_at.is_none(),
        },
        Step {
            name: "Ended",
            at: job.finished_at.map(At),
            state: todo(job.finished_at, &job.state),
            span: job.finished_at.map(|_| badge.label),
            next_is_todo: false,
        },
    ]
}

fn record_view(record: &crate::core::matching::trace::RecordTrace) -> RecordView {
    RecordView {
        label: record.label.clone(),
        href: urls::webhook(record.webhook),
        score: format!("{} of {} equal", record.equal(), record.checks.len()),
        checks: record
            .checks
            .iter()
            .map(|check| CheckView {
                label: field_label(&check.field),
                expected: check.expected.clone(),
                actual: check.actual.clone(),
                badge: Badge::equal(check.equal),
            })
            .collect(),
    }
}

/// The words of a record's field.
fn field_label(field: &str) -> String {
    let words = match field {
        "repo_name" => "Repository name",
        "repo_url" => "Repository URL",
        "object_kind" => "Object kind",
        "project_id" => "Project ID",
        "http_x_gitlab_event" => "Event header",
        "secret_token" => "Secret token",
        "signing_token" => "Signing token",
        "credential" => "Credential",
        "ref_filter" => "Ref filter",
        "path_filter" => "Path filter",
        "condition" => "Condition",
        "obey_skip" => "Skip request",
        "enabled" => "Enabled",
        other => other,
    };
    words.to_owned()
}

fn job_view(row: &jobs::Row) -> JobView {
    let job = &row.job;
    JobView {
        badge: Badge::job(&job.state),
        href: urls::object("hooks", "job", &job.id),
        id: job.id.clone(),
        label: job.webhook_label.clone(),
        attempts: format!("{} of {}", job.attempts, job.max_attempts),
        ran: job.started_at.zip(job.finished_at).map(|(from, to)| span(to - from)),
    }
}

/// The kept headers; stored as an object, or as pairs where names may come twice.
fn headers(stored: &serde_json::Value) -> Vec<(String, String)> {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match stored {
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        serde_json::Value::Array(pairs) => {
            pairs.iter().filter_map(|pair| Some((text(pair.get(0)?), text(pair.get(1)?)))).collect()
        }
        _ => Vec::new(),
    }
}

fn body_view(delivery: &Brief, kept: Option<&[u8]>, sha256: &[u8]) -> BodyView {
    let start = kept.map(|bytes| bytes.get(..body::MOST).unwrap_or(bytes));
    let raw = start.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let shown = start.map_or(0, <[u8]>::len);
    let is_cut = kept.is_some() && i64::try_from(shown).is_ok_and(|s| s < delivery.body_size);
    BodyView {
        pretty: raw.as_deref().filter(|_| !is_cut).and_then(body::pretty),
        raw,
        size: size(delivery.body_size),
        is_cut,
        sha256: hex(sha256),
        download: urls::verb("hooks", "delivery", &delivery.id, "body"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

/// The form for a new record that would match this delivery.
fn create(delivery: &Brief) -> String {
    let project_id = delivery.project_id.unwrap_or(0).to_string();
    urls::with_query(
        &urls::webhook_add(),
        &[
            ("repo_name", &delivery.repo_name),
            ("repo_url", &delivery.repo_url),
            ("object_kind", &delivery.object_kind),
            ("http_x_gitlab_event", &delivery.event),
            ("project_id", &project_id),
            ("pending", "0"),
        ],
    )
}
