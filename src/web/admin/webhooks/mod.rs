//! Webhooks in the panel: their pages, and what deleting one means. The list is
//! `list.rs`, the page `overview.rs`, the form `form.rs`; saving is `crate::webhooks`.

pub mod badges;
mod bulk;
mod change;
pub mod drift;
mod filters;
mod form;
pub mod import;
mod lane;
mod list;
pub mod overview;
mod parameters;
pub mod payload;
pub mod reset;
mod security;
pub mod set_up;
pub mod setup;
pub mod switch;
pub mod test;

use self::drift::Drift;
use super::act::act_from;
use super::context::{AdminContext, Meta, Signalbox, Unsaved, to_unsaved};
use super::kit::badge::Badge;
use super::kit::field::Fieldset;
use super::kit::form::Values;
use super::kit::listing::Listing;
use super::kit::resource::{
    DeletePlan, Editable, Guarded, Loaded, LogWords, Notice, Remarks, Resource, Saved, Transfer,
};
use super::once::add_once;
use super::words::LOG_WORDS;
use crate::web::admin::webhooks::badges::{enabled_badge, pending_badge, registered_badge};
use crate::web::urls;
use signalbox_core::event::kind;
use signalbox_core::ids::WebhookId;
use signalbox_core::listing::{Counts, ListQuery, Page, Part};
use signalbox_core::matching::filter::exclude_each_other;
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::webhooks::{Filter, Row, Sort};
use signalbox_store::{self as store, Conn, StoreError, webhooks};

/// The resource.
pub struct Webhooks;

static META: Meta = Meta {
    edit: Some(Permission::ChangeWebhooks),
    actions: bulk::ACTIONS,
    acting: Some(Permission::ChangeWebhooks),
    transfer: Some(Transfer { export: urls::webhook_export(), import: urls::webhook_import() }),
    add_tools: &[
        ("Choose a project", urls::gitlab_projects()),
        ("Fill in from a payload", urls::webhook_payload()),
    ],
    tabs: Some(webhook_tabs),
    copies: Some("Its secrets are not copied: enter or generate one for the new webhook."),
    guarded: Some(Guarded {
        when: "Asked again when secrets, or what is run, are changed.",
        is_sensitive: change::is_sensitive,
        deleting: true,
    }),
    log: LogWords { restore: change::restore_field, ..LOG_WORDS },
    ..Meta::new("hooks", "webhook", ["webhook", "webhooks", "Webhooks"], Permission::View)
};

impl Resource for Webhooks {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &list::LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        webhooks::list_webhooks(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        webhooks::count_webhooks(conn, query).await
    }

    async fn select_ids(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
        up_to: Option<&str>,
        part: &Part,
        limit: i64,
    ) -> store::Result<Vec<String>> {
        let ids = webhooks::select_ids(conn, query, up_to, part, limit).await?;
        Ok(ids.into_iter().map(|id| id.0.to_string()).collect())
    }

    async fn load_remarks(
        ctx: &AdminContext,
        conn: &mut Conn,
        rows: &[Row],
    ) -> store::Result<Remarks> {
        let drifts = drift::find_drifts(conn, &ctx.deps().catalogue, rows).await?;
        Ok(Remarks { above: drift::drift_remarks(rows, &drifts), ..Remarks::default() })
    }
}

impl Editable for Webhooks {
    fn build_fieldsets(
        ctx: &AdminContext,
        values: &Values,
        object: Option<&Loaded>,
    ) -> Vec<Fieldset> {
        form::form_fieldsets(&ctx.deps().catalogue, &ctx.public_address(), values, object)
    }

    async fn blank_values(ctx: &AdminContext, conn: &mut Conn) -> store::Result<Values> {
        let mut values = form::blank_form(&ctx.deps().catalogue);
        security::offer_tokens(ctx, conn, &mut values).await?;
        set_up::offer_connections(conn, &mut values).await?;
        Ok(values)
    }

    async fn load_object(ctx: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        let id = webhook_id(id)?;
        let row = webhooks::find_webhook(conn, id).await?;
        let mut object = to_loaded(&row);
        security::fill_sharers(ctx, conn, &mut object.values, &row).await?;
        if !row.is_pending() && ctx.has_permission(Permission::ChangeWebhooks) {
            object.tools.push(("Reset registration", urls::webhook_reset(id)));
        }
        Ok(Loaded { notices: load_notices(ctx, conn, &row).await?, ..object })
    }

    async fn save_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        match object {
            None => {
                let saved = add_once(conn, values, async |conn: &mut Conn| {
                    form::save_form(ctx, conn, None, values).await
                })
                .await?;
                let is_set_up = set_up::set_up_saved(ctx, &saved.id, values).await?;
                let shows_setup = is_set_up || form::is_pending(values);
                let next = shows_setup.then(|| urls::webhook_setup(&saved.id));
                Ok(Saved { next, hint: saved.hint.filter(|_| !is_set_up), ..saved })
            }
            Some(_) => form::save_form(ctx, conn, object, values).await,
        }
    }

    async fn plan_delete(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<DeletePlan> {
        let plan = crate::webhooks::plan_deletion(conn, webhook_id(id)?).await?;
        let mut stays = vec![
            "The deliveries it received.".to_owned(),
            "Its jobs and their output, under its name.".to_owned(),
            "Its history.".to_owned(),
        ];
        if plan.unfinished_jobs > 0 {
            stays.push(i18n::count_phrase(
                plan.unfinished_jobs,
                "{n} job that has not ended. It still runs.",
                "{n} jobs that have not ended. They still run.",
            ));
        }
        Ok(DeletePlan {
            name: plan.row.label(),
            goes: vec![
                say!(
                    "The webhook for {event} of {repository}, {address}.",
                    event = plan.row.http_x_gitlab_event,
                    repository = plan.row.repo_name,
                    address = plan.row.repo_url
                ),
                "Its secrets, which cannot be restored.".to_owned(),
            ],
            stays,
            refused: None,
        })
    }

    async fn delete_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> Result<String, Unsaved> {
        let id = webhook_id(id)?;
        let remote_addr = ctx.remote_addr();
        let row = crate::webhooks::delete_logged(conn, &act_from(ctx, &remote_addr), id).await;
        let row = row.map_err(to_unsaved)?;
        tracing::info!(webhook.id = row.id, user.name = %ctx.actor.username, "Webhook {} was deleted by {}", row.id, ctx.actor.username);
        Ok(row.label())
    }
}

fn webhook_id(text: &str) -> Result<WebhookId, StoreError> {
    text.parse().map(WebhookId).map_err(|_| StoreError::NotFound)
}

/// What a webhook says of itself, without asking other tables.
fn to_loaded(row: &Row) -> Loaded {
    let id = row.id.to_string();
    let registration = if row.is_pending() {
        pending_badge()
    } else {
        Badge { label: say!("Project {id}", id = row.project_id), ..registered_badge() }
    };
    let secrets =
        [("secret_token", row.has_secret_token), ("signing_token", row.has_signing_token)];
    Loaded {
        name: row.label(),
        version: row.version,
        values: form::form_values(row),
        secrets_set: secrets.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect(),
        badges: vec![enabled_badge(row.enabled), registration],
        facts: vec![row.http_x_gitlab_event.clone(), row.repo_url.clone()],
        id,
        ..Loaded::default()
    }
}

/// A webhook's pages, and the lists of what it received and ran.
fn webhook_tabs(id: &str, may_edit: bool) -> Vec<(&'static str, String)> {
    vec![
        ("Overview", META.page_url(id)),
        (if may_edit { "Edit" } else { "Settings" }, META.change_url(id)),
        ("Setup", urls::webhook_setup(id)),
        ("Test", urls::webhook_test(id)),
        ("Deliveries", urls::with_query(&urls::deliveries(), &[("webhook", id)])),
        ("Jobs", urls::with_query(&urls::jobs(), &[("webhook", id)])),
        ("History", META.history_url(id)),
    ]
}

/// What is odd about a webhook though it may be saved.
async fn load_notices(
    ctx: &AdminContext,
    conn: &mut Conn,
    row: &Row,
) -> store::Result<Vec<Notice>> {
    let twins = webhooks::find_duplicates(conn, row).await?;
    let run_too =
        twins.iter().filter(|twin| !exclude_each_other(&row.ref_filter, &twin.ref_filter));
    let drifts = drift::find_drifts(conn, &ctx.deps().catalogue, std::slice::from_ref(row)).await?;
    Ok(mismatch_notice(row)
        .into_iter()
        .chain(drifts.values().map(drift_notice))
        .chain(run_too.take(5).map(duplicate_notice))
        .collect())
}

/// A pair that GitLab never sends may be saved, but will not match.
fn mismatch_notice(row: &Row) -> Option<Notice> {
    let (kind, header) = (&row.object_kind, &row.http_x_gitlab_event);
    (!kind::header_agrees(header, kind)).then(|| Notice {
        text: say!(
            "GitLab does not send {kind} events under {header}, so nothing will match this webhook.",
            kind = kind,
            header = header
        ),
        link: None,
    })
}

fn drift_notice(drift: &Drift) -> Notice {
    Notice { text: drift.sentence(), link: Some((t("Actions").to_owned(), urls::actions())) }
}

fn duplicate_notice(row: &Row) -> Notice {
    Notice {
        text: "Another webhook has the same five fields: both run.".to_owned(),
        link: Some((row.label(), urls::webhook(WebhookId(row.id)))),
    }
}

#[cfg(test)]
pub(super) fn sample_form(row: &Row) -> (Option<Loaded>, Values) {
    let object = Loaded {
        notices: mismatch_notice(row).into_iter().chain([duplicate_notice(row)]).collect(),
        ..to_loaded(row)
    };
    (Some(object), form::form_values(row))
}

#[cfg(test)]
pub(super) use form::form_fieldsets as sample_fieldsets;
