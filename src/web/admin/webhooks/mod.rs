//! Webhook records in the panel: the list, and what stands beside the form. The form itself is
//! `form.rs`; saving is `crate::records`.

mod filters;
mod form;
mod rail;
mod security;

use super::context::AdminContext;
use super::kit::column::{Badge, Bit, Cell, Column, Width};
use super::kit::field::Fieldset;
use super::kit::filter::{BadChoice, Choices, FilterSpec, YES_NO, yes_no};
use super::kit::form::Values;
use super::kit::listing::{Empty, Listing, Paging};
use super::kit::resource::{
    DeletePlan, Editable, Loaded, Meta, NextStep, Resource, Saved, Unsaved,
};
use crate::clock;
use crate::core::ids::WebhookId;
use crate::core::job::JobState;
use crate::core::listing::{Direction, ListQuery, Page, grouped};
use crate::core::role::Permission;
use crate::core::verdict::Verdict;
use crate::records::{self, Act, SaveError};
use crate::store::webhooks::{Filter, Row, Sort};
use crate::store::{self, Conn, StoreError, webhooks};
use crate::web::urls;

/// The resource.
pub struct Webhooks;

static META: Meta = Meta {
    app: "hooks",
    name: "webhook",
    label: "webhook",
    plural: "webhooks",
    title: "Webhooks",
    edit: Some(Permission::ChangeRecords),
};

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    filters: FILTERS,
    search: "name, repository, address, event, action, notes and project ID",
    paging: Paging::Numbered(100),
    default_order: &[(Sort::Repository, Direction::Ascending)],
    id: |row| row.id.to_string(),
    page: |row| urls::webhook(WebhookId(row.id)),
    empty: Empty {
        title: "No webhooks yet",
        steps: &[
            "Add a webhook here: which repository, which event, and what to run.",
            "In GitLab, open the project's Settings, then Webhooks, and enter the address and the secret that the record's page shows.",
            "Press Test in GitLab: the record takes the project's ID, and every further event runs its action.",
        ],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "repository",
        label: "Repository",
        width: Width::Grow,
        cell: |row| Bit::text(row.repo_name.clone()).over(Bit::code(&row.repo_url)),
        sort: Some(Sort::Repository),
    },
    Column {
        key: "event",
        label: "Event",
        width: Width::Fit,
        cell: |row| Bit::text(row.http_x_gitlab_event.clone()).over(Bit::code(&row.object_kind)),
        sort: Some(Sort::Event),
    },
    Column {
        key: "project_id",
        label: "Project ID",
        width: Width::Fit,
        cell: |row| {
            if row.is_pending() {
                Bit::Badge(Badge::pending()).into()
            } else {
                Bit::Digits(row.project_id.to_string()).into()
            }
        },
        sort: Some(Sort::ProjectId),
    },
    Column {
        key: "enabled",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(Badge::enabled(row.enabled)).over(Bit::code(&row.action)),
        sort: Some(Sort::Enabled),
    },
    Column {
        key: "last_delivery",
        label: "Last delivery",
        width: Width::Fit,
        cell: last_delivery,
        sort: Some(Sort::LastDelivery),
    },
    Column {
        key: "last_job",
        label: "Last job",
        width: Width::Fit,
        cell: last_job,
        sort: Some(Sort::LastJob),
    },
];

fn last_delivery(row: &Row) -> Cell {
    let badge = row.last_verdict.as_deref().map(Badge::verdict);
    let href = row.last_delivery_id.as_ref().map(|id| urls::object("hooks", "delivery", id));
    let badge = match (badge, href) {
        (Some(badge), Some(href)) => Bit::BadgeLink(badge, href),
        (Some(badge), None) => Bit::Badge(badge),
        (None, _) => Bit::Empty,
    };
    Bit::time(row.last_delivery_at).over(badge)
}

fn last_job(row: &Row) -> Cell {
    match (&row.last_job_state, &row.last_job_id) {
        (Some(state), Some(id)) => {
            Bit::BadgeLink(Badge::job(state), urls::object("hooks", "job", id)).into()
        }
        _ => Bit::Empty.into(),
    }
}

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "pending",
        label: "Pending registration",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.pending = Some(yes_no(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "enabled",
        label: "Enabled",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.enabled = Some(yes_no(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "object_kind",
        label: "Kind",
        choices: Choices::Fixed(&[
            ("push", "push"),
            ("tag_push", "tag_push"),
            ("merge_request", "merge_request"),
            ("pipeline", "pipeline"),
            ("build", "build"),
            ("release", "release"),
            ("issue", "issue"),
            ("note", "note"),
        ]),
        apply: |filter, value| {
            filter.object_kind = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "last_verdict",
        label: "Last delivery",
        choices: Choices::Fixed(&[
            ("matched", "Matched"),
            ("registered", "Registered"),
            ("unmatched", "Unmatched"),
            ("disabled", "Disabled"),
            ("rejected", "Rejected"),
        ]),
        apply: |filter, value| {
            let verdict = Verdict::parse(value).ok_or(BadChoice)?;
            filter.last_verdict = Some(verdict.as_str().to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "last_job_state",
        label: "Last job",
        choices: Choices::Fixed(&[
            ("succeeded", "Succeeded"),
            ("failed", "Failed"),
            ("running", "Running"),
            ("retrying", "Retrying"),
            ("queued", "Queued"),
        ]),
        apply: |filter, value| {
            let state = JobState::parse(value).ok_or(BadChoice)?;
            filter.last_job_state = Some(state.as_str().to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "http_x_gitlab_event",
        label: "Event",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.http_x_gitlab_event = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "project_id",
        label: "Project ID",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.project_id = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
];

impl Resource for Webhooks {
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    fn meta() -> &'static Meta {
        &META
    }

    fn listing() -> &'static Listing<Row, Sort, Filter> {
        &LISTING
    }

    async fn fetch(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> store::Result<Page<Row>> {
        webhooks::list(conn, query).await
    }
}

impl Editable for Webhooks {
    fn fieldsets(ctx: &AdminContext, values: &Values, object: Option<&Loaded>) -> Vec<Fieldset> {
        form::fieldsets(&ctx.deps().catalogue, values, object)
    }

    fn blank(ctx: &AdminContext) -> Values {
        form::blank(&ctx.deps().catalogue)
    }

    async fn load(ctx: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        let id = webhook_id(id)?;
        let row = webhooks::find(conn, id).await?;
        let twins = webhooks::twins(conn, &row).await?;
        Ok(Loaded {
            next_step: row.is_pending().then(|| registration(&ctx.public_address())),
            notices: rail::mismatch(&row).into_iter().chain(twins.iter().map(rail::twin)).collect(),
            rail: vec![rail::deliveries_rail(conn, &row).await?, rail::jobs_rail(conn, id).await?],
            ..loaded(&row)
        })
    }

    async fn save(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        form::save(ctx, conn, object, values).await
    }

    async fn plan_delete(conn: &mut Conn, id: &str) -> store::Result<DeletePlan> {
        let plan = records::plan(conn, webhook_id(id)?).await?;
        let mut stays = vec![
            "All deliveries it received.".to_owned(),
            "All jobs it made, with their output; they keep its name.".to_owned(),
            "Its history.".to_owned(),
        ];
        match plan.unfinished_jobs {
            0 => {}
            1 => stays.push("One job that has not ended yet: it is still run.".to_owned()),
            n => stays
                .push(format!("{} jobs that have not ended yet: they are still run.", grouped(n))),
        }
        Ok(DeletePlan {
            name: plan.row.label(),
            goes: vec![
                format!(
                    "The webhook for {} of {}, {}.",
                    plan.row.http_x_gitlab_event, plan.row.repo_name, plan.row.repo_url
                ),
                "Its secrets: they cannot be brought back.".to_owned(),
            ],
            stays,
        })
    }

    async fn delete(ctx: &AdminContext, conn: &mut Conn, id: &str) -> Result<String, SaveError> {
        let id = webhook_id(id)?;
        let remote_addr = ctx.remote_addr();
        let row = records::delete(conn, &act(ctx, &remote_addr), id).await?;
        tracing::info!(webhook.id = row.id, user.name = %ctx.actor.username, "webhook {} was deleted by {}", row.id, ctx.actor.username);
        Ok(row.label())
    }
}

fn webhook_id(text: &str) -> Result<WebhookId, StoreError> {
    text.parse().map(WebhookId).map_err(|_| StoreError::NotFound)
}

fn act<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> Act<'a> {
    Act {
        actor: &ctx.actor,
        remote_addr,
        keys: &ctx.deps().keys,
        nonce: clock::random(),
        now: clock::now(),
    }
}

/// What a record says of itself, without asking other tables.
fn loaded(row: &Row) -> Loaded {
    let id = row.id.to_string();
    let registration = if row.is_pending() {
        Badge::pending()
    } else {
        Badge { label: format!("Project {}", row.project_id), ..Badge::registered() }
    };
    let secrets =
        [("secret_token", row.has_secret_token), ("signing_token", row.has_signing_token)];
    Loaded {
        name: row.label(),
        version: row.version,
        values: form::values(row),
        secrets_set: secrets.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect(),
        badges: vec![Badge::enabled(row.enabled), registration],
        facts: vec![row.http_x_gitlab_event.clone(), row.repo_url.clone()],
        tools: vec![
            ("Deliveries", urls::with_query(&urls::deliveries(), &[("webhook", &id)])),
            ("Jobs", urls::with_query(&urls::jobs(), &[("webhook", &id)])),
        ],
        id,
        ..Loaded::default()
    }
}

fn registration(public_address: &str) -> NextStep {
    NextStep {
        title: "Waiting for GitLab's Test",
        address: format!("{public_address}{}", urls::gitlab_register()),
        steps: vec![
            "In GitLab, open the project's Settings, then Webhooks, and enter this address, the secret token, and the event.".to_owned(),
            "Press Test and choose that event. This record takes the project's ID, and the badge above says so.".to_owned(),
            format!(
                "Then change the address in GitLab to {public_address}{}: from there on, every event runs the action.",
                urls::gitlab()
            ),
        ],
    }
}
