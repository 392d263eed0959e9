//! The setup page of a webhook: what to enter in GitLab's form, in its order, then the wait for the
//! Test, with every attempt explained as it arrives. The waiting part is also answered alone, for
//! the page to fetch while it is open.

use super::set_up::{self, SetUpCard};
use super::{META, to_loaded, webhook_id};
use crate::clock;
use crate::control;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::deliveries::page::reason_text;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::{self, draw_subject};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::kit::reveal;
use crate::web::admin::webhooks::badges::{pending_badge, registered_badge};
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::credential::{Check, Proof};
use signalbox_core::event::kind::SYSTEM_HOOK;
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::mismatch::{self, Wanted};
use signalbox_core::role::Permission;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_core::webhook::ProjectId;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::watched::{Watched, list_watched};
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError};

/// Most attempts shown.
const MOST: i64 = 15;
/// After this long without any attempt, a list of usual causes is shown.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// The boxes under "Trigger" in GitLab's form, in its order, each with its header.
const TRIGGERS: [(&str, &str); 17] = [
    ("Push Hook", "Push events"),
    ("Tag Push Hook", "Tag push events"),
    ("Note Hook", "Comments"),
    ("Confidential Note Hook", "Confidential comments"),
    ("Issue Hook", "Issues events"),
    ("Confidential Issue Hook", "Confidential issues events"),
    ("Member Hook", "Member events"),
    ("Merge Request Hook", "Merge request events"),
    ("Job Hook", "Job events"),
    ("Pipeline Hook", "Pipeline events"),
    ("Wiki Page Hook", "Wiki page events"),
    ("Deployment Hook", "Deployment events"),
    ("Feature Flag Hook", "Feature flag events"),
    ("Release Hook", "Releases events"),
    ("Milestone Hook", "Milestone events"),
    ("Emoji Hook", "Emoji events"),
    ("Resource Access Token Hook", "Project or group access token events"),
];

/// What GitLab's form calls the events of this header.
pub(super) fn trigger_words(header: &str) -> Option<&'static str> {
    TRIGGERS.iter().find(|(known, _)| *known == header).map(|(_, words)| *words)
}

/// The whole page.
#[derive(Template)]
#[template(path = "admin/webhooks/setup.html")]
#[expect(clippy::struct_excessive_bools, reason = "the template asks each by itself")]
pub struct SetupPage {
    /// The page's frame.
    pub frame: Frame,
    /// Where the Test goes.
    pub url: String,
    /// Whether the webhook has GitLab's signing token.
    pub has_signing_token: bool,
    /// Whether it has a secret token.
    pub has_secret_token: bool,
    /// That secret token, on the first page after it was saved.
    pub secret_token: Option<String>,
    /// Another webhook with the same tokens, if there is one: GitLab has a webhook for both then.
    pub shared_with: Option<String>,
    /// The boxes to tick.
    pub triggers: Vec<(&'static str, bool)>,
    /// What the webhook asks for, where GitLab's form has no such box.
    pub other_event: Option<String>,
    /// Whether it is a system hook, whose Test cannot register anything.
    pub is_system_hook: bool,
    /// Whether a page without scripts may load itself again: not while it shows a secret.
    pub may_reload: bool,
    /// Has it set up in GitLab, where there are connections and for those who may.
    pub card: Option<SetUpCard>,
    /// The waiting part.
    pub wait: Wait,
    /// The webhook's form.
    pub change: String,
}

impl SetupPage {
    /// Whether Signalbox keeps GitLab's webhook in order, so that nobody need fill anything in.
    fn is_set_up(&self) -> bool {
        self.card.as_ref().is_some_and(|card| card.linked.is_some())
    }
}

/// The waiting part alone.
#[derive(Template)]
#[template(path = "admin/webhooks/_wait.html")]
pub struct WaitPart {
    /// The waiting part.
    pub wait: Wait,
}

/// How the registration stands.
pub struct Wait {
    /// Its state.
    pub badge: Badge,
    /// Where events go.
    pub main: String,
    /// Whether the Test goes elsewhere: GitLab's URL is then to be changed after it.
    pub moves: bool,
    /// Where a secret of the webhook is replaced.
    pub new_secret: String,
    /// Whether it still waits.
    pub is_pending: bool,
    /// Since when it waits.
    pub since: At,
    /// When it was registered.
    pub registered: Option<At>,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// This page.
    pub here: String,
    /// This part alone.
    pub part: String,
    /// What came, newest first.
    pub attempts: Vec<Attempt>,
    /// Whether nothing came for long.
    pub is_late: bool,
    /// What a screen reader is told when it changes.
    pub announce: String,
    /// The window's title.
    pub title: String,
    /// Where the registration is reset, for those who may.
    pub reset: Option<String>,
}

/// A delivery that came while the webhook waits.
pub struct Attempt {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// When it came.
    pub at: At,
    /// Its verdict.
    pub badge: Badge,
    /// Its header.
    pub event: String,
    /// Which address it came to.
    pub address: &'static str,
    /// Why, and what to do.
    pub why: String,
}

/// GET the page, or with `?part=wait` its waiting part alone.
///
/// # Errors
/// No such webhook (404), the database (503).
pub async fn show_setup(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id")).map_err(|error| missing_webhook(&ctx, error))?;
    let mut conn = ctx.get_conn().await?;
    let row = webhooks::find_webhook(&mut conn, id)
        .await
        .map_err(|error| missing_webhook(&ctx, error))?;
    let wait = load_wait(&ctx, &mut conn, &row).await?;
    if ctx.query() == "part=wait" {
        return render_page(&WaitPart { wait });
    }
    let secret_token = reveal::take_secrets(&ctx)
        .into_iter()
        .find(|(label, _)| label == "Secret token")
        .map(|(_, text)| text);
    let sharers = crate::webhooks::find_sharers(&mut conn, &ctx.deps().keys, id).await?;
    let may_edit = ctx.has_permission(Permission::ChangeWebhooks);
    let card = if may_edit { set_up::load_card(&mut conn, id).await? } else { None };
    let label = row.label();
    let frame = ctx
        .new_frame(say!("Set up “{name}” in GitLab", name = label))
        .with_crumb(t("Webhooks"), urls::webhooks())
        .with_crumb(label, urls::webhook(WebhookId(row.id)))
        .about(draw_subject(&ctx, &META, &to_loaded(&row)));
    render_page(&SetupPage {
        frame,
        url: gitlab_url(&row, &ctx.public_address()),
        may_reload: wait.is_pending && secret_token.is_none(),
        has_signing_token: row.has_signing_token,
        has_secret_token: row.has_secret_token,
        secret_token,
        shared_with: sharers.into_iter().next().map(|sharer| sharer.label),
        triggers: TRIGGERS
            .into_iter()
            .map(|(header, words)| (words, header == row.http_x_gitlab_event))
            .collect(),
        other_event: trigger_words(&row.http_x_gitlab_event)
            .is_none()
            .then(|| row.http_x_gitlab_event.clone()),
        is_system_hook: row.http_x_gitlab_event == SYSTEM_HOOK,
        change: urls::webhook_form(WebhookId(row.id)),
        card,
        wait,
    })
}

pub(super) fn missing_webhook(ctx: &AdminContext, error: StoreError) -> Problem {
    back::missing_object(ctx, &META, ctx.segment("id"), error)
}

/// The address for GitLab's form.
pub(super) fn gitlab_url(row: &Row, address: &str) -> String {
    let moves = row.is_pending() && !row.register_on_first_event;
    format!("{address}{}", if moves { urls::gitlab_register() } else { urls::gitlab() })
}

async fn load_wait(ctx: &AdminContext, conn: &mut Conn, row: &Row) -> Result<Wait, HumanError> {
    let attempts: Vec<Attempt> = list_watched(conn, row, MOST, clock::now())
        .await?
        .iter()
        .map(|came| draw_attempt(row, came))
        .collect();
    let may_edit = ctx.has_permission(Permission::ChangeWebhooks);
    Ok(draw_wait(row, attempts, &ctx.public_address(), may_edit, clock::now()))
}

fn draw_wait(
    row: &Row,
    attempts: Vec<Attempt>,
    address: &str,
    may_edit: bool,
    now: DateTime<Utc>,
) -> Wait {
    let newest = attempts.first().map_or(row.pending_since, |attempt| attempt.at.0);
    let is_pending = row.is_pending();
    let announce = match (is_pending, attempts.first()) {
        (false, _) => say!("Registered: project {id}.", id = row.project_id),
        (true, Some(attempt)) => format!("{}. {}", t(&attempt.badge.label), attempt.why),
        (true, None) => t("Waiting for the Test.").to_owned(),
    };
    let title = t(if is_pending { "Waiting for the Test" } else { "Registered" });
    let here = urls::webhook_setup(row.id);
    Wait {
        badge: if is_pending {
            pending_badge()
        } else {
            Badge {
                label: say!("Registered: project {id}", id = row.project_id),
                ..registered_badge()
            }
        },
        main: format!("{address}{}", urls::gitlab()),
        moves: !row.register_on_first_event && (is_pending || row.registered_at.is_some()),
        new_secret: format!(
            "{}#id_{}",
            urls::webhook_form(WebhookId(row.id)),
            if row.has_secret_token { "secret_token" } else { "signing_token" }
        ),
        is_pending,
        since: At(row.pending_since),
        registered: row.registered_at.map(At),
        now,
        part: urls::with_query(&here, &[("part", "wait")]),
        here,
        attempts,
        is_late: is_pending && now - newest > PATIENCE,
        announce,
        title: format!("{title}: {} · Signalbox", row.label()),
        reset: (!is_pending && may_edit).then(|| urls::webhook_reset(row.id)),
    }
}

fn draw_attempt(row: &Row, came: &Watched) -> Attempt {
    let delivery = &came.delivery;
    Attempt {
        id: delivery.id.clone(),
        href: urls::object("hooks", "delivery", &delivery.id),
        at: At(delivery.received_at),
        badge: verdict_badge(delivery.verdict),
        event: delivery.event.clone(),
        address: if delivery.endpoint == Endpoint::Register { "registration" } else { "main" },
        why: explain_delivery(row, came),
    }
}

/// What this delivery means for this webhook, and what to do.
fn explain_delivery(row: &Row, came: &Watched) -> String {
    let delivery = &came.delivery;
    let is_signed = came.headers.get("webhook-signature").is_some();
    let is_sample = delivery.typed_reason().is_some_and(|reason| reason.is_sample());
    match delivery.verdict {
        Verdict::Rejected if delivery.http_status == 401 && !is_sample => {
            t(match (came.has_token, came.is_ours, is_signed) {
                (_, true, _) if row.require_signature => "Only the secret token was valid, and this webhook requires a signature. Check the signing token in GitLab's form.",
                (_, true, _) => "The token was wrong then and is right now, since the webhook's secret has changed. Press Test again.",
                (true, false, _) => "Wrong token: GitLab's form has another secret token than this webhook. Enter this one there, save, and press Test again.",
                (false, _, true) => "Wrong signature: GitLab's form has another signing token, or the clocks differ by more than five minutes.",
                (false, _, false) if !row.has_secret_token => "No signature: the GitLab webhook has no signing token. With GitLab before 19, use a secret token.",
                (false, _, false) => "No token: the secret token in GitLab's form is empty. Enter it there, save, and press Test again.",
            })
            .to_owned()
        }
        Verdict::Unmatched | Verdict::Filtered | Verdict::Disabled if !is_sample => explain_unmatched(row, came, is_signed),
        _ => reason_text(delivery),
    }
}

fn explain_unmatched(row: &Row, came: &Watched, is_signed: bool) -> String {
    let label = row.label();
    let wanted = Wanted {
        label: &label,
        repo_name: &row.repo_name,
        repo_url: &row.repo_url,
        object_kind: &row.object_kind,
        http_x_gitlab_event: &row.http_x_gitlab_event,
        project_id: ProjectId::from_raw(row.project_id),
        enabled: row.enabled,
        registers_on_first_event: row.register_on_first_event,
    };
    let credential = match (came.is_ours, came.has_token, is_signed) {
        (true, ..) => Check::Valid(Proof::TOKEN),
        (false, false, false) => Check::Absent,
        // Which signing token it was is not kept; that it was accepted, the verdict says.
        (false, false, true) => Check::Valid(Proof::SIGNATURE),
        (false, true, _) => Check::Wrong,
    };
    let endpoint = came.delivery.endpoint;
    let event = control::event_of(&came.delivery, &came.reason);
    let missed = mismatch::explain_mismatch(&wanted, &event, credential, endpoint, false);
    if missed.remedy != mismatch::Remedy::Create {
        return i18n::say(&missed.sentence);
    }
    say!(
        "It carries this webhook's secret but comes from another repository: {name}, {address}.",
        name = format!("{:?}", came.delivery.repo_name),
        address = came.delivery.repo_url
    )
}

/// The page with everything on it, for the test of all pages.
#[cfg(test)]
pub fn sample_setup(row: &Row, words: &str) -> SetupPage {
    let at = At(row.pending_since);
    let badge = verdict_badge(Verdict::Rejected);
    let attempt = |n: u8| Attempt {
        id: n.to_string(),
        href: "/admin/".to_owned(),
        at,
        badge: badge.clone(),
        event: words.to_owned(),
        address: "main",
        why: words.to_owned(),
    };
    let now = at.0 + TimeDelta::hours(1);
    SetupPage {
        frame: crate::web::admin::context::sample_frame("Setup"),
        url: gitlab_url(row, "https://signalbox.example.com"),
        has_signing_token: row.has_signing_token,
        has_secret_token: row.has_secret_token,
        secret_token: row.has_secret_token.then(|| words.to_owned()),
        shared_with: row.is_pending().then(|| words.to_owned()),
        triggers: vec![("Push events", true), ("Comments", false)],
        other_event: None,
        is_system_hook: row.is_pending(),
        may_reload: row.is_pending(),
        wait: draw_wait(
            row,
            vec![attempt(1), attempt(2)],
            "https://signalbox.example.com",
            true,
            now,
        ),
        change: "/admin/".to_owned(),
        card: Some(set_up::sample_card(words, row.is_pending())),
    }
}
