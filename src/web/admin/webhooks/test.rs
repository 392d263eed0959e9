//! The test page of a webhook: an event beside it, condition by condition, what exactly it would
//! run, and, by a button of its own, the run for real. Trying is `crate::control`.

use super::setup::missing_webhook;
use super::{META, to_loaded, webhook_id};
use crate::clock;
use crate::control::{self, Given, ReplayError, Trial};
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::badges::{equal_badge, verdict_badge};
use crate::web::admin::deliveries::page::{self, CheckView};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::{draw_subject, query_parameter};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::kit::views::Posted;
use crate::web::admin::replay::rehearsal::{RunView, dry_run_job};
use crate::web::admin::replay::{
    judge_for_request, read_form_number, redirect_to_made, replay_error_sentence,
};
use crate::web::admin::words::{field_label, skip_reason};
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use bytes::Bytes;
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::deliveries::Brief;
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError, deliveries, pauses};

/// Most deliveries offered.
const OFFERED: i64 = 20;

/// The page.
#[derive(Template)]
#[template(path = "admin/webhooks/test.html")]
pub struct TestPage {
    /// The page's frame.
    pub frame: Frame,
    /// The newest deliveries of the webhook's repository: id, words, and which one is tried.
    pub offered: Vec<(String, String, bool)>,
    /// What was typed as an id.
    pub typed: String,
    /// The header that is pasted.
    pub header: String,
    /// The body that is pasted.
    pub body: String,
    /// Whether a body was pasted.
    pub is_pasted: bool,
    /// How it fares.
    pub result: Option<Tried>,
    /// Why it could not be tried.
    pub wrong: Option<String>,
    /// Whether this person may paste and run.
    pub may_run: bool,
    /// What makes the form serve once.
    pub once: String,
    /// The delivery that was tried.
    pub delivery: Option<String>,
}

/// How a webhook fares.
pub struct Tried {
    /// Whether all conditions hold.
    pub holds: bool,
    /// How it stands, in a sentence.
    pub sentence: String,
    /// Each condition.
    pub checks: Vec<CheckView>,
    /// What would run.
    pub runs: Vec<RunView>,
    /// Why it cannot be run for real, if it cannot.
    pub obstacle: Option<String>,
}

/// GET the page; `?delivery=` or `?id=` says what it is tried with, else the newest delivery.
///
/// # Errors
/// No such webhook (404), the database (503).
pub async fn show_test(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id")).map_err(|error| missing_webhook(&ctx, error))?;
    let asked =
        |name: &str| query_parameter(ctx.query(), name).unwrap_or_default().trim().to_owned();
    let mut conn = ctx.get_conn().await?;
    let row = webhooks::find_webhook(&mut conn, id)
        .await
        .map_err(|error| missing_webhook(&ctx, error))?;
    let offered = deliveries::of_repository(&mut conn, &row.repo_name, OFFERED).await?;
    let typed = asked("id");
    let chosen = [typed.clone(), asked("delivery")].into_iter().find(|text| !text.is_empty());
    let chosen = chosen.or_else(|| offered.first().map(|newest| newest.id.clone()));
    let given = match chosen.as_deref().map(str::parse) {
        Some(Ok(delivery)) => Ok(Some(Given::Stored(delivery))),
        Some(Err(_)) => Err(say!("Enter a delivery ID: 26 letters and digits.")),
        None => Ok(None),
    };
    let shown = Shown { id, row, offered, typed, given };
    answer_test(&ctx, &mut conn, shown).await
}

/// POST: tries a pasted body, or with `run` runs the webhook for real.
///
/// # Errors
/// No such webhook or delivery (404), it cannot be run (409), the database (503).
pub async fn submit_test(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id")).map_err(|error| missing_webhook(&ctx, error))?;
    let values = Values::from_pairs(posted.into_inner());
    let given = match values.get_trimmed("delivery") {
        "" => Given::Pasted {
            header: values.get_trimmed("header").to_owned(),
            body: Bytes::copy_from_slice(values.get("body").as_bytes()),
        },
        delivery => {
            let id: Result<DeliveryId, _> = delivery.parse();
            Given::Stored(id.map_err(|_| Problem::bad_request("Enter a delivery ID."))?)
        }
    };
    let mut conn = ctx.get_conn().await?;
    if !values.is_on("run") {
        let row = webhooks::find_webhook(&mut conn, id)
            .await
            .map_err(|error| missing_webhook(&ctx, error))?;
        let offered = deliveries::of_repository(&mut conn, &row.repo_name, OFFERED).await?;
        let shown = Shown { id, row, offered, typed: String::new(), given: Ok(Some(given)) };
        return answer_test(&ctx, &mut conn, shown).await;
    }
    let (once, remote_addr) = (read_form_number(&values)?, ctx.remote_addr());
    let wanted = (id, &given, once.as_str());
    match control::by_hand(
        &mut conn,
        act_of_request(&ctx, &remote_addr),
        wanted,
        judge_for_request(&ctx),
    )
    .await
    {
        Ok(made) => Ok(redirect_to_made(&ctx, &made, say!("Started. This is its delivery."))),
        Err(ReplayError::NoSuchWebhook) => Err(missing_webhook(&ctx, StoreError::NotFound).into()),
        Err(ReplayError::Store(error)) => Err(error.into()),
        Err(other) => {
            let title = "The webhook cannot run this";
            let problem =
                Problem::new(StatusCode::CONFLICT, "not_now", title, replay_error_sentence(&other));
            Err(problem.with_link("Back to the test page", urls::webhook_test(id)).into())
        }
    }
}

/// What was read for the page.
struct Shown {
    id: WebhookId,
    row: Row,
    offered: Vec<Brief>,
    typed: String,
    given: Result<Option<Given>, String>,
}

async fn answer_test(
    ctx: &AdminContext,
    conn: &mut Conn,
    shown: Shown,
) -> Result<HttpResponse, HumanError> {
    let Shown { id, row, offered, typed, given } = shown;
    let (mut wrong, mut result) = (None, None);
    match &given {
        Ok(None) => {}
        Err(why) => wrong = Some(why.clone()),
        Ok(Some(given)) => {
            let by = ctx.actor.username.as_str();
            match control::try_webhook(conn, id, by, given, judge_for_request(ctx)).await {
                Ok(trial) => result = Some(draw_trial(ctx, conn, &trial).await?),
                Err(ReplayError::Store(error)) => return Err(error.into()),
                Err(error) => wrong = Some(replay_error_sentence(&error)),
            }
        }
    }
    let (delivery, pasted) = match given {
        Ok(Some(Given::Stored(delivery))) => (Some(delivery.to_string()), None),
        Ok(Some(Given::Pasted { header, body })) => (None, Some((header, body))),
        Ok(None) | Err(_) => (None, None),
    };
    let label = row.label();
    let frame = ctx
        .new_frame(say!("Test “{name}”", name = label))
        .with_crumb(t("Webhooks").to_owned(), urls::webhooks())
        .with_crumb(label, urls::webhook(id))
        .about(draw_subject(ctx, &META, &to_loaded(&row)));
    let is_pasted = pasted.is_some();
    let (header, body) = pasted.unwrap_or((row.http_x_gitlab_event, Bytes::new()));
    render_page(&TestPage {
        frame,
        offered: offered
            .into_iter()
            .map(|brief| delivery_option(brief, delivery.as_deref()))
            .collect(),
        typed,
        header,
        body: String::from_utf8_lossy(&body).into_owned(),
        is_pasted,
        result,
        wrong,
        may_run: ctx.has_permission(Permission::Operate),
        once: clock::unique_id(),
        delivery,
    })
}

fn delivery_option(brief: Brief, tried: Option<&str>) -> (String, String, bool) {
    let at = At(brief.received_at).absolute();
    let label = t(&verdict_badge(brief.verdict).label).to_owned();
    let git_ref = match brief.git_ref.as_str() {
        "" => String::new(),
        git_ref => format!(", {git_ref}"),
    };
    let words = format!("{at}: {}{git_ref} ({label})", brief.event);
    let is_tried = tried == Some(brief.id.as_str());
    (brief.id, words, is_tried)
}

async fn draw_trial(
    ctx: &AdminContext,
    conn: &mut Conn,
    trial: &Trial,
) -> Result<Tried, HumanError> {
    let pauses = pauses::list_pauses(conn).await?;
    let run = dry_run_job(ctx.deps(), &trial.webhook, &trial.event, &trial.body, &pauses);
    let checks: Vec<CheckView> = trial
        .decision
        .trace
        .webhooks
        .iter()
        .flat_map(|webhook| &webhook.checks)
        .map(|check| CheckView {
            label: field_label(check.field.as_str()).to_owned(),
            expected: page::expected_text(check),
            actual: page::actual_text(check),
            badge: equal_badge(check.equal),
        })
        .collect();
    let off = checks.iter().filter(|check| check.badge.state != "equal").count();
    let sentence = match (off, trial.webhook.enabled, trial.webhook.project_id.is_pending()) {
        (0, true, _) => say!("Such an event runs this webhook."),
        (0, false, _) => say!("Such an event matches, but the webhook is disabled."),
        (1, _, true) => {
            say!("One condition fails. The webhook may be pending.")
        }
        (1, ..) => say!("{n} condition fails, so such an event does not run it.", n = 1),
        (off, ..) => say!("{n} conditions fail, so such an event does not run it.", n = off),
    };
    let obstacle = trial.obstacle.map(|skip| t(skip_reason(skip)).to_owned());
    let off_now =
        (!trial.webhook.enabled).then(|| self::replay_error_sentence(&ReplayError::SwitchedOff));
    Ok(Tried {
        holds: off == 0 && trial.webhook.enabled,
        sentence,
        checks,
        runs: vec![run],
        obstacle: obstacle.or(off_now),
    })
}

/// The page in every state, for the test of all pages.
#[cfg(test)]
pub fn sample_pages(words: &str, runs: impl Fn() -> Vec<RunView>) -> Vec<TestPage> {
    let page = |result, wrong: Option<&str>, is_pasted| TestPage {
        frame: crate::web::admin::context::sample_frame(words),
        offered: vec![("01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(), words.to_owned(), true)],
        typed: words.to_owned(),
        header: words.to_owned(),
        body: words.to_owned(),
        is_pasted,
        result,
        wrong: wrong.map(str::to_owned),
        may_run: true,
        once: "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(),
        delivery: (!is_pasted).then(|| "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned()),
    };
    let tried = |holds, obstacle: Option<&str>| Tried {
        holds,
        sentence: words.to_owned(),
        checks: vec![CheckView {
            label: words.to_owned(),
            expected: words.to_owned(),
            actual: String::new(),
            badge: equal_badge(holds),
        }],
        runs: runs(),
        obstacle: obstacle.map(str::to_owned),
    };
    vec![
        page(None, Some(words), false),
        page(Some(tried(true, None)), None, true),
        page(Some(tried(false, None)), None, false),
        page(Some(tried(false, Some(words))), None, false),
    ]
}
