//! "Set up in GitLab" for one webhook: in its form, and on its setup page.

use crate::clock;
use crate::connections::{self, Outcome, Test, project_token};
use crate::web::admin::act::act_of;
use crate::web::admin::context::{AdminContext, Unsaved, to_unsaved};
use crate::web::admin::gitlab::acts::{tell_setup_error, tell_waiting, wait_for};
use crate::web::admin::gitlab::badges::hook_state;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::kit::frame::Level;
use crate::web::admin::kit::views::Posted;
use crate::web::human::{HumanError, see_other};
use crate::web::urls;
use crate::webhooks::{Draft, SecretChange, signing_token_beside};
use actix_web::HttpResponse;
use signalbox_core::commit_status::is_environment;
use signalbox_core::ids::WebhookId;
use signalbox_i18n::{self as i18n, say, t};
use signalbox_store::gitlab::{self, HookRow, Reporting};
use signalbox_store::{Conn, StoreError};

/// The field that says with which connection.
const CONNECTION: &str = "gitlab_connection";
/// The box that asks for a Test.
const TEST: &str = "gitlab_test";
/// The buttons that say whether jobs show in GitLab.
const REPORTING: &str = "gitlab_results";
/// The field with the environment that they deploy to.
const ENVIRONMENT: &str = "gitlab_environment";
/// The box that asks for a comment in the merge request.
const COMMENTS: &str = "gitlab_comments";

/// What the setup page offers.
pub struct SetUpCard {
    /// Where the form goes.
    pub action: String,
    /// The connections: id and name.
    pub connections: Vec<(i64, String)>,
    /// The webhook in GitLab, where there is one that is kept in order.
    pub linked: Option<Linked>,
}

/// The webhook in GitLab that serves a webhook here.
pub struct Linked {
    /// How it stands.
    pub badge: Badge,
    /// What is wrong with it.
    pub told: Vec<String>,
    /// Its connection's page.
    pub href: String,
    /// Its connection.
    pub connection: i64,
    /// How jobs show in GitLab, if they do.
    pub reporting: Option<Reporting>,
    /// Whether they are of merge requests.
    pub has_merge_requests: bool,
}

/// What the setup page of a webhook offers; nothing without a connection.
///
/// # Errors
/// Those of the database.
pub async fn load_card(conn: &mut Conn, id: WebhookId) -> Result<Option<SetUpCard>, StoreError> {
    let known = gitlab::list_all_connections(conn).await?;
    if known.is_empty() {
        return Ok(None);
    }
    let linked = match gitlab::find_hook_of_webhook(conn, id).await? {
        Some(hook) => {
            let webhooks = gitlab::hook_webhooks(conn, hook.id).await?;
            let connection = hook.connection_id;
            let own = webhooks.iter().find(|row| row.id == id.0);
            let has_merge_requests = own.is_some_and(|row| row.object_kind == "merge_request");
            let (badge, told) = hook_state(&HookRow { hook, webhooks });
            let href = urls::gitlab_connection(connection);
            let reporting = gitlab::find_reporting(conn, id).await?;
            Some(Linked { badge, told, href, connection, reporting, has_merge_requests })
        }
        None => None,
    };
    Ok(Some(SetUpCard {
        action: urls::webhook_set_up(id),
        connections: known.into_iter().map(|known| (known.id, known.name)).collect(),
        linked,
    }))
}

/// Offers the connections to the form of a new webhook.
///
/// # Errors
/// Those of the database.
pub async fn offer_connections(conn: &mut Conn, values: &mut Values) -> Result<(), StoreError> {
    let known = gitlab::list_all_connections(conn).await?;
    let choice = |known: &gitlab::Connection| Choice::new(known.id.to_string(), known.name.clone());
    values.offer_choices(CONNECTION, known.iter().map(choice).collect());
    values.tick_box(TEST, true);
    Ok(())
}

/// The part of the form, where there are connections.
pub fn set_up_fieldset(values: &Values) -> Option<Fieldset> {
    let offered = values.offered(CONNECTION);
    if offered.is_empty() {
        return None;
    }
    let none = Choice::new("", "No, I add it in GitLab myself");
    let options = std::iter::once(none).chain(offered.iter().cloned()).collect();
    Some(Fieldset {
        id: "set-up",
        legend: "Set up in GitLab",
        help: "Adds the webhook in GitLab, or takes over the one that sends here, with tokens that both know.".into(),
        fields: vec![
            Field::new(CONNECTION, "Connection", Widget::Select(options)).full_width(),
            Field::checkbox_field(TEST, "Ask GitLab for a Test")
                .full_width()
                .with_help("The Test is an event like any other: the action runs once."),
        ],
        ..Fieldset::default()
    })
}

/// The connection that the form chose.
pub fn chosen_connection(values: &Values, errors: &mut FormErrors) -> Option<i64> {
    let typed = values.get_trimmed(CONNECTION);
    let chosen = typed.parse().ok();
    if chosen.is_none() && !typed.is_empty() {
        errors.add_error(CONNECTION, "Choose one of these options.");
    }
    chosen
}

/// Gives a new webhook the tokens that its project's webhook in GitLab has or will have, unless it has
/// some already.
///
/// # Errors
/// Those of the database; a token that cannot be opened.
pub async fn fill_tokens(
    ctx: &AdminContext,
    conn: &mut Conn,
    connection: i64,
    draft: &mut Draft,
) -> Result<(), Unsaved> {
    let has_tokens = draft.share_with.is_some()
        || [&draft.secret_token, &draft.signing_token]
            .into_iter()
            .any(|change| matches!(change, SecretChange::Set(_)));
    if has_tokens {
        return Ok(());
    }
    let keys = &ctx.deps().keys;
    let token = project_token(conn, keys, connection, draft.project_id).await;
    let token = token.map_err(to_unsaved)?;
    draft.signing_token = SecretChange::Set(signing_token_beside(keys, &token));
    draft.secret_token = SecretChange::Set(token);
    Ok(())
}

/// Sets a saved webhook up as its form asked for.
///
/// # Errors
/// Those of the database.
pub async fn set_up_saved(ctx: &AdminContext, id: &str, values: &Values) -> Result<bool, Unsaved> {
    let Some(connection) = chosen_connection(values, &mut FormErrors::default()) else {
        return Ok(false);
    };
    let id = id.parse().map(WebhookId).map_err(|_| StoreError::NotFound)?;
    set_up_and_tell(ctx, id, connection, values.is_on(TEST))
        .await
        .map_err(|error| Unsaved::Broken(error.into_problem()))?;
    Ok(true)
}

/// POST: sets a webhook up, or says whether its jobs show in GitLab, and leads back to its setup page.
///
/// # Errors
/// No such webhook or connection (404), the database (503).
pub async fn submit_set_up(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let id = ctx.segment("id").parse().map(WebhookId).map_err(|_| StoreError::NotFound)?;
    if let "on" | "off" = values.get(REPORTING) {
        let reporting = Reporting {
            environment: values.get_trimmed(ENVIRONMENT).to_owned(),
            comments: values.is_on(COMMENTS),
        };
        let is_on = values.get(REPORTING) == "on";
        set_reporting_and_tell(&ctx, id, is_on.then_some(reporting)).await?;
    } else {
        let connection = values.get_trimmed(CONNECTION).parse();
        let connection = connection.map_err(|_| StoreError::NotFound)?;
        set_up_and_tell(&ctx, id, connection, values.is_on(TEST)).await?;
    }
    Ok(see_other(urls::webhook_setup(id)))
}

async fn set_reporting_and_tell(
    ctx: &AdminContext,
    id: WebhookId,
    reporting: Option<Reporting>,
) -> Result<(), HumanError> {
    let is_wrong = |name: &str| !name.is_empty() && !is_environment(name);
    if reporting.as_ref().is_some_and(|reporting| is_wrong(&reporting.environment)) {
        let text = t(
            "GitLab takes letters, digits, spaces and -_/${}. for an environment, up to 255 characters.",
        );
        ctx.leave_message(Level::Error, text);
        return Ok(());
    }
    let is_on = reporting.is_some();
    let reporting = reporting.map(|reporting| (clock::now(), reporting));
    gitlab::set_reporting(&mut *ctx.get_conn().await?, id, reporting).await?;
    let (who, now) = (&ctx.actor.username, if is_on { "are" } else { "are not" });
    tracing::info!(webhook.id = id.0, user.name = %who, "Jobs of webhook {id} {now} shown in GitLab, says {who}", id = id.0);
    let told = if is_on {
        t("GitLab shows the jobs that come from now on at their commits.")
    } else {
        t("GitLab shows no more jobs of this webhook.")
    };
    ctx.leave_message(Level::Success, told);
    Ok(())
}

async fn set_up_and_tell(
    ctx: &AdminContext,
    id: WebhookId,
    connection: i64,
    with_test: bool,
) -> Result<(), HumanError> {
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let (actor, remote_addr) = (ctx.actor.clone(), ctx.remote_addr());
    let url = format!("{}{}", ctx.public_address(), urls::gitlab());
    let asked = wait_for(async move {
        let act = act_of(&actor, &remote_addr, &keys);
        connections::set_up_webhook(&pool, &act, (id, connection), &url, with_test).await
    });
    match asked.await {
        Some(Ok(outcome)) => {
            let who = &ctx.actor.username;
            tracing::info!(webhook.id = id.0, user.name = %who, "Webhook {id} was set up in GitLab by {who}", id = id.0);
            tell_outcome(ctx, &outcome);
        }
        Some(Err(error)) => tell_setup_error(ctx, error)?,
        None => tell_waiting(ctx),
    }
    Ok(())
}

fn tell_outcome(ctx: &AdminContext, outcome: &Outcome) {
    let done = if outcome.is_new {
        t("The webhook was added in GitLab.")
    } else {
        t("GitLab’s webhook now sends this event too.")
    };
    match &outcome.test {
        Test::NotAsked => ctx.leave_message(Level::Success, done),
        Test::Sent => {
            let text = format!("{done} {}", t("GitLab sent a Test."));
            ctx.leave_message(Level::Success, text);
        }
        Test::Failed(failure) => {
            let text = say!("The Test failed: {reason}", reason = i18n::say(&failure.sentence()));
            ctx.leave_message(Level::Warning, format!("{done} {text}"));
        }
    }
}

/// The card in its states, for the test of all pages.
#[cfg(test)]
pub fn sample_card(words: &str, is_linked: bool) -> SetUpCard {
    use crate::web::admin::kit::badge::Tone;
    SetUpCard {
        action: "/admin/".to_owned(),
        connections: vec![(7, words.to_owned())],
        linked: is_linked.then(|| Linked {
            badge: Badge::new("differs", "Differs", "warning", Tone::Caution),
            told: vec![words.to_owned()],
            href: "/admin/".to_owned(),
            connection: 7,
            reporting: None,
            has_merge_requests: true,
        }),
    }
}
