//! Connections to GitLab's API in the panel: the list, the form, and what deleting one means. One's
//! page is `page.rs`, the calls that were made `calls.rs`, the projects to choose from `projects.rs`.
//! What is done, `crate::connections` does.

pub mod acts;
pub mod badges;
pub mod calls;
mod list;
pub mod page;
pub mod projects;

use super::act::act_from;
use super::context::{AdminContext, Meta, Signalbox, Unsaved};
use super::kit::field::{Field, Fieldset, Widget};
use super::kit::form::{FormErrors, Values};
use super::kit::listing::Listing;
use super::kit::resource::{DeletePlan, Editable, Guarded, Loaded, Resource, Saved};
use super::once::add_once;
use super::words::{LOG_WORDS, field_label};
use crate::clock;
use crate::connections::{self, ConnectionDraft, ConnectionError, ConnectionInput};
use crate::web::problem::Problem;
use crate::web::urls;
use crate::webhooks::SecretChange;
use badges::connection_badge;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::role::Permission;
use signalbox_i18n::{self as i18n, say};
use signalbox_store::gitlab::{self, Connection, ConnectionFilter, ConnectionSort};
use signalbox_store::{self as store, Conn, StoreError};

/// The resource.
pub struct Connections;

/// The form's name of the token, and the log's.
const TOKEN: &str = "access_token";

static META: Meta = Meta {
    edit: Some(Permission::ChangeWebhooks),
    tabs: Some(connection_tabs),
    tools: &[("Calls", urls::gitlab_calls())],
    guarded: Some(Guarded {
        when: "Required when you change connections.",
        is_sensitive: |_, _| true,
        deleting: true,
    }),
    log: LOG_WORDS,
    ..Meta::new(
        "gitlab",
        "connection",
        ["GitLab connection", "GitLab connections", "GitLab connections"],
        Permission::ChangeWebhooks,
    )
};

impl Resource for Connections {
    type Site = Signalbox;
    type Row = Connection;
    type Sort = ConnectionSort;
    type Filter = ConnectionFilter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Connection, ConnectionSort, ConnectionFilter> = &list::LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<ConnectionSort, ConnectionFilter>,
    ) -> store::Result<Page<Connection>> {
        gitlab::list_connections(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<ConnectionSort, ConnectionFilter>,
        _: bool,
    ) -> store::Result<Counts> {
        gitlab::count_connections(conn).await
    }
}

impl Editable for Connections {
    fn build_fieldsets(_: &AdminContext, _: &Values, object: Option<&Loaded>) -> Vec<Fieldset> {
        connection_fields(object.is_some())
    }

    async fn blank_values(_: &AdminContext, _: &mut Conn) -> store::Result<Values> {
        Ok(Values::default())
    }

    async fn load_object(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        Ok(to_loaded(&gitlab::find_connection(conn, connection_id(id)?).await?))
    }

    async fn save_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        let saved = match object {
            None => {
                add_once(conn, values, async |conn: &mut Conn| {
                    save_form(ctx, conn, None, values).await
                })
                .await?
            }
            Some(object) => save_form(ctx, conn, Some(object), values).await?,
        };
        let connection = gitlab::find_connection(conn, connection_id(&saved.id)?).await?;
        acts::check_and_tell(ctx, connection).await;
        Ok(Saved { next: Some(META.page_url(&saved.id)), ..saved })
    }

    async fn plan_delete(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<DeletePlan> {
        let connection = gitlab::find_connection(conn, connection_id(id)?).await?;
        let hooks = gitlab::list_hooks(conn, connection.id).await?.len();
        let mut goes = vec![
            say!(
                "The connection to {address}, and its access token.",
                address = connection.base_url
            ),
            "Its list of calls.".to_owned(),
        ];
        if hooks > 0 {
            goes.push(i18n::count_phrase(
                i64::try_from(hooks).unwrap_or(i64::MAX),
                "Signalbox no longer checks {n} webhook in GitLab.",
                "Signalbox no longer checks {n} webhooks in GitLab.",
            ));
        }
        Ok(DeletePlan {
            name: connection.name,
            goes,
            stays: vec![
                "Webhooks here and in GitLab, which go on as they are.".to_owned(),
                "Its history.".to_owned(),
            ],
            refused: None,
        })
    }

    async fn delete_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> Result<String, Unsaved> {
        let remote_addr = ctx.remote_addr();
        let act = act_from(ctx, &remote_addr);
        let name = connections::delete_connection(conn, &act, connection_id(id)?).await?;
        tracing::info!(user.name = %ctx.actor.username, object.name = %name, "GitLab connection {name} was deleted by {}", ctx.actor.username);
        Ok(name)
    }
}

/// Reads an id of the address.
fn connection_id(text: &str) -> Result<i64, StoreError> {
    text.parse().map_err(|_| StoreError::NotFound)
}

/// A connection's pages, and the list of its calls.
fn connection_tabs(id: &str, _: bool) -> Vec<(&'static str, String)> {
    vec![
        ("Overview", META.page_url(id)),
        ("Edit", META.change_url(id)),
        ("Calls", urls::with_query(urls::gitlab_calls(), &[("connection", id)])),
        ("History", META.history_url(id)),
    ]
}

fn connection_fields(is_set: bool) -> Vec<Fieldset> {
    let token = Field::new(TOKEN, field_label(TOKEN), Widget::Secret { is_set, generates: false })
        .full_width()
        .with_help(
            "A personal, group or project access token with the scope api and the role Maintainer. \
             It is stored encrypted and never shown.",
        );
    let token = if is_set { token } else { token.as_required() };
    vec![
        Fieldset {
            id: "instance",
            legend: "Instance",
            paired: true,
            fields: vec![
                Field::text_field("base_url", field_label("base_url"))
                    .as_required()
                    .with_help("GitLab’s start page, for example https://gitlab.example.com."),
                Field::text_field("name", field_label("name"))
                    .with_help("Leave empty to use the host."),
                token,
            ],
            ..Fieldset::default()
        },
        Fieldset {
            id: "network",
            legend: "Network",
            fields: vec![
                Field::new("ca_pem", field_label("ca_pem"), Widget::Area { rows: 4 })
                    .full_width()
                    .with_help(
                        "In PEM, of the authority that signed GitLab’s certificate. Leave empty to \
                         trust the same authorities as this machine.",
                    ),
                Field::checkbox_field(
                    "allow_private_network",
                    field_label("allow_private_network"),
                )
                .full_width()
                .with_help("Tick it if GitLab is in your own network or on this machine."),
            ],
            ..Fieldset::default()
        },
    ]
}

fn to_loaded(connection: &Connection) -> Loaded {
    let mut values = Values::default();
    values.set_field("name", connection.name.as_str());
    values.set_field("base_url", connection.base_url.as_str());
    values.set_field("ca_pem", connection.ca_pem.as_str());
    values.tick_box("allow_private_network", connection.allow_private_network);
    Loaded {
        id: connection.id.to_string(),
        name: connection.name.clone(),
        version: connection.version,
        values,
        secrets_set: vec![TOKEN],
        badges: vec![connection_badge(connection, clock::now())],
        facts: vec![connection.base_url.clone()],
        ..Loaded::default()
    }
}

async fn save_form(
    ctx: &AdminContext,
    conn: &mut Conn,
    object: Option<&Loaded>,
    values: &Values,
) -> Result<Saved, Unsaved> {
    let draft = ConnectionDraft {
        name: values.get_trimmed("name").to_owned(),
        base_url: values.get_trimmed("base_url").to_owned(),
        token: match values.get_trimmed(TOKEN) {
            "" => SecretChange::Keep,
            typed => SecretChange::Set(typed.into()),
        },
        ca_pem: values.get_trimmed("ca_pem").replace("\r\n", "\n"),
        allow_private_network: values.is_on("allow_private_network"),
    };
    let invalid = |faults: Vec<(&'static str, String)>| {
        let mut errors = FormErrors::default();
        for (field, message) in faults {
            errors.add_error(field, message);
        }
        Unsaved::Invalid(errors)
    };
    let input = ConnectionInput::check_draft(draft, object.is_some()).map_err(|faults| {
        let said = faults.into_iter().map(|(field, fault)| (field, i18n::say(&fault)));
        invalid(said.collect())
    })?;
    let target = match object {
        None => None,
        Some(object) => Some((connection_id(&object.id)?, object.version)),
    };
    let remote_addr = ctx.remote_addr();
    let act = act_from(ctx, &remote_addr);
    match connections::save_connection(conn, &act, target, &input).await {
        Ok(connection) => {
            tracing::info!(user.name = %ctx.actor.username, object.name = %connection.name, "GitLab connection {} was saved by {}", connection.name, ctx.actor.username);
            Ok(Saved {
                id: connection.id.to_string(),
                name: connection.name,
                reveal: Vec::new(),
                next: None,
                hint: None,
                opens: false,
            })
        }
        Err(ConnectionError::AddressTaken) => {
            Err(invalid(vec![("base_url", "There is a connection of this address.".to_owned())]))
        }
        Err(ConnectionError::Seal(error)) => {
            Err(Unsaved::Broken(Problem::internal().caused_by(error)))
        }
        Err(ConnectionError::Store(error)) => Err(error.into()),
    }
}
