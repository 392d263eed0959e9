//! Replay one delivery: a page that asks how, shows what exactly would run, and does it. Many at
//! once are `many.rs` (the plan) and `run.rs` (a run under way). The doing is `crate::control`.

pub mod many;
pub mod rehearsal;
pub mod run;

use self::rehearsal::{RunView, dry_run_job};
use super::kit::form::Values;
use crate::clock;
use crate::control::{self, Judge, Prospect, ReplayError, Wanted, Way};
use crate::intake::Policy;
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::deliveries::page::{id_of, missing_delivery};
use crate::web::admin::kit::back::query_parameter;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::views::Posted;
use crate::web::admin::words::skip_reason;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::role::Permission;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, count_phrase, t};
use signalbox_store::deliveries::{Brief, Full};
use signalbox_store::{Conn, StoreError, candidates, deliveries, nearest, pauses};

/// Most webhooks offered to be forced.
const OFFERED: usize = 50;

/// The question how to replay a delivery, with the answer to what would happen.
#[derive(Template)]
#[template(path = "admin/replay/one.html")]
pub struct ReplayPage {
    /// The page's frame.
    pub frame: Frame,
    /// The delivery.
    pub delivery: Brief,
    /// Whether it repeats another, which runs nothing by itself.
    pub is_duplicate: bool,
    /// Why it cannot be replayed at all, if it cannot.
    pub obstacle: Option<&'static str>,
    /// Whether one webhook was chosen.
    pub is_forced: bool,
    /// The webhooks that can be chosen: id, name, and which one is.
    pub webhooks: Vec<(String, String, bool)>,
    /// What would become of it.
    pub outcome: Option<Outcome>,
    /// Whether this person may do it.
    pub may_replay: bool,
    /// What makes the form serve once.
    pub once: String,
    /// Back to the delivery.
    pub back: String,
}

/// What would become of a replay.
pub struct Outcome {
    /// The verdict.
    pub badge: Badge,
    /// Why, in a sentence.
    pub sentence: String,
    /// Why it cannot be done in this way, if it cannot.
    pub refused: bool,
    /// What would run.
    pub runs: Vec<RunView>,
    /// The webhooks of these, for the form.
    pub shown: String,
}

impl Outcome {
    /// What would become of it, in a few words.
    pub fn title(&self) -> String {
        if self.refused {
            return say!("It cannot be replayed this way");
        }
        match self.runs.len() {
            0 => say!("Nothing would run"),
            runs => count_phrase(
                i64::try_from(runs).unwrap_or(i64::MAX),
                "{n} job would run",
                "{n} jobs would run",
            ),
        }
    }
}

/// What judging takes, for this request.
pub fn judge_for_request(ctx: &AdminContext) -> Judge<'_> {
    let deps = ctx.deps();
    let policy = Policy { allow_no_secret: deps.settings.allow_no_secret };
    Judge { keys: &deps.keys, policy, at: clock::now() }
}

/// GET the question.
///
/// # Errors
/// No such delivery (404), the database (503).
pub async fn show_replay(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.get_conn().await?;
    let full = deliveries::find_delivery(&mut conn, &id)
        .await
        .map_err(|error| missing_delivery(&ctx, error))?;
    let asked = |name: &str| query_parameter(ctx.query(), name);
    let chosen = asked("webhook").and_then(|text| text.parse().ok()).map(WebhookId);
    let is_forced = asked("way").as_deref() == Some("force");
    let way = chosen.filter(|_| is_forced).map_or(Way::AsNow, Way::Force);
    let obstacle = control::find_obstacle(control::what_is_kept(&full)).map(skip_reason);
    let outcome = match (obstacle, is_forced && chosen.is_none()) {
        (None, false) => Some(find_outcome(&ctx, &mut conn, &full, way).await?),
        (Some(_), _) | (None, true) => None,
    };
    let webhooks = forcible_webhooks(&mut conn, &full, chosen).await?;
    let is_duplicate = full.brief.verdict == Verdict::Duplicate;
    let title = if is_duplicate {
        t("Run this delivery again anyway?")
    } else {
        t("Replay this delivery?")
    };
    let back = urls::delivery(&id);
    let frame = ctx
        .new_frame(title)
        .with_crumb(t("Deliveries").to_owned(), urls::deliveries())
        .with_crumb(say!("Delivery {id}", id = id), back.clone());
    render_page(&ReplayPage {
        frame,
        delivery: full.brief,
        is_duplicate,
        obstacle,
        is_forced,
        webhooks,
        outcome,
        may_replay: ctx.has_permission(Permission::Operate),
        once: clock::unique_id(),
        back,
    })
}

/// POST: does it, and leads to the new delivery.
///
/// # Errors
/// No such delivery (404), it cannot be replayed so (409), the database (503).
pub async fn submit_replay(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let values = Values::from_pairs(posted.into_inner());
    let way = match values.get_trimmed("way") {
        "now" => Way::AsNow,
        "force" => values
            .get_trimmed("webhook")
            .parse()
            .map(WebhookId)
            .map(Way::Force)
            .map_err(|_| Problem::bad_request("Choose the webhook to run."))?,
        _ => return Err(Problem::bad_request("Choose how to replay.").into()),
    };
    let wanted = Wanted {
        delivery: id.clone(),
        way,
        shown: values.has_field("shown").then(|| parse_shown(values.get_trimmed("shown"))),
        once: read_form_number(&values)?,
    };
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    match control::replay_delivery(
        &mut conn,
        act_of_request(&ctx, &remote_addr),
        &wanted,
        judge_for_request(&ctx),
    )
    .await
    {
        Ok(made) => Ok(redirect_to_made(
            &ctx,
            &made,
            say!("Delivery {id} was replayed. This is the new delivery.", id = id),
        )),
        Err(ReplayError::Changed) => {
            ctx.leave_message(
                Level::Warning,
                say!("Nothing was replayed: webhooks have changed since you opened the page, and others would run now. Check again."),
            );
            Ok(see_other(replay_url(&id, way)))
        }
        Err(error) => Err(replay_problem(&ctx, &id, error).into()),
    }
}

/// The answer to a form that made a delivery: its page.
pub fn redirect_to_made(ctx: &AdminContext, made: &DeliveryId, text: String) -> HttpResponse {
    tracing::info!(delivery.id = %made, user.name = %ctx.actor.username, "Delivery {made} was created by {}", ctx.actor.username);
    ctx.leave_message(Level::Success, text);
    see_other(urls::delivery(made))
}

/// What makes the form serve once.
///
/// # Errors
/// The form says nothing of the kind (400).
pub fn read_form_number(values: &Values) -> Result<String, HumanError> {
    let once = values.get_trimmed("once").parse::<DeliveryId>();
    let once = once.map(|once| once.to_string());
    let missing = || Problem::bad_request("The form is incomplete. Reload the page.");
    once.map_err(|_| missing().into())
}

fn parse_shown(text: &str) -> Vec<WebhookId> {
    text.split(',').filter_map(|id| id.parse().ok()).map(WebhookId).collect()
}

fn replay_url(id: &DeliveryId, way: Way) -> String {
    let replay = urls::delivery_replay(id);
    match way {
        Way::AsNow => replay,
        Way::Force(webhook) => {
            urls::with_query(&replay, &[("way", "force"), ("webhook", &webhook.to_string())])
        }
    }
}

async fn find_outcome(
    ctx: &AdminContext,
    conn: &mut Conn,
    full: &Full,
    way: Way,
) -> Result<Outcome, HumanError> {
    let by = ctx.actor.username.as_str();
    match control::preview_replay(conn, full, way, by, judge_for_request(ctx)).await {
        Ok(prospect) => draw_outcome(ctx, conn, full, prospect).await,
        Err(ReplayError::Store(error)) => Err(error.into()),
        Err(error) => Ok(Outcome {
            badge: verdict_badge(Verdict::Rejected),
            sentence: replay_error_sentence(&error),
            refused: true,
            runs: Vec::new(),
            shown: String::new(),
        }),
    }
}

async fn draw_outcome(
    ctx: &AdminContext,
    conn: &mut Conn,
    full: &Full,
    prospect: Prospect,
) -> Result<Outcome, HumanError> {
    let pauses = pauses::list_pauses(conn).await?;
    let body = control::whole_body(full).unwrap_or_default();
    let rehearse = |webhook| dry_run_job(ctx.deps(), webhook, &prospect.event, body, &pauses);
    let ids: Vec<String> = prospect.runs.iter().map(|webhook| webhook.id.to_string()).collect();
    Ok(Outcome {
        badge: verdict_badge(prospect.decision.verdict),
        sentence: i18n::say(&prospect.decision.reason.sentence()),
        refused: false,
        runs: prospect.runs.iter().map(rehearse).collect(),
        shown: ids.join(","),
    })
}

/// The webhooks that can be forced: the nearest, and the one that is chosen.
async fn forcible_webhooks(
    conn: &mut Conn,
    full: &Full,
    chosen: Option<WebhookId>,
) -> Result<Vec<(String, String, bool)>, StoreError> {
    let event = control::event_of(&full.brief, &full.reason);
    let mut near = nearest::load_nearest(conn, &event).await?;
    near.truncate(OFFERED);
    if let Some(id) = chosen.filter(|id| near.iter().all(|webhook| webhook.id != id.0)) {
        near.extend(candidates::find_candidate(conn, id).await?);
    }
    let option = |webhook: candidates::Candidate| {
        let (id, is_on) = (webhook.id, webhook.enabled);
        let label = signalbox_core::webhook::webhook_label(
            &webhook.name,
            &webhook.repo_name,
            &webhook.object_kind,
        );
        let label = if is_on { label } else { say!("{name} (disabled)", name = label) };
        (id.to_string(), label, chosen == Some(WebhookId(id)))
    };
    Ok(near.into_iter().map(option).collect())
}

/// What stands in the way, in a sentence.
pub fn replay_error_sentence(error: &ReplayError) -> String {
    match error {
        ReplayError::Gone => say!("There is no such delivery."),
        ReplayError::Obstacle(skip) => t(skip_reason(*skip)).to_owned(),
        ReplayError::NoSuchWebhook => say!("There is no such webhook."),
        ReplayError::SwitchedOff => {
            say!("This webhook is disabled. Enable it first.")
        }
        ReplayError::ByHand => {
            say!("A manual delivery carries no secret. Choose the webhook to run it.")
        }
        ReplayError::Unreadable(why) => {
            say!("It contains no event. {why}.", why = i18n::say(&why.reason().sentence()))
        }
        ReplayError::Changed => say!("The webhooks have changed in the meantime."),
        ReplayError::Store(error) => error.to_string(),
    }
}

/// The answer to a replay that was not made.
pub fn replay_problem(ctx: &AdminContext, id: &DeliveryId, error: ReplayError) -> Problem {
    match error {
        ReplayError::Gone => missing_delivery(ctx, StoreError::NotFound),
        ReplayError::Store(error) => error.into(),
        other => {
            let title = "The delivery cannot be replayed this way";
            Problem::new(StatusCode::CONFLICT, "not_now", title, replay_error_sentence(&other))
                .with_link("Back to the delivery", urls::delivery(id))
        }
    }
}

/// What would become of it, for the test of all pages.
#[cfg(test)]
pub fn sample_outcome(runs: Vec<RunView>, refused: bool) -> Outcome {
    let sentence = runs.first().map(|run| run.label.clone()).unwrap_or_default();
    Outcome {
        badge: verdict_badge(Verdict::Matched),
        sentence,
        refused,
        runs,
        shown: "7".to_owned(),
    }
}
