//! Channels: the list, the form (`form.rs`), and the button that sends a test.

use super::form::{channel_fieldsets, channel_values, read_channel, usual_values};
use super::{asked_by, number, words, wrong_fields};
use crate::notify::{self, ChannelError};
use crate::web::admin::context::{AdminContext, Meta, Signalbox, Unsaved};
use crate::web::admin::kit::back::missing_object;
use crate::web::admin::kit::column::{Bit, Column, Width};
use crate::web::admin::kit::field::Fieldset;
use crate::web::admin::kit::filter::{BadChoice, Choices, FilterSpec, YES_NO, yes_no};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::Level;
use crate::web::admin::kit::listing::{Empty, Listing, Paging, parse_number_place};
use crate::web::admin::kit::resource::{DeletePlan, Editable, Loaded, Resource, Saved};
use crate::web::admin::once::add_once;
use crate::web::admin::webhooks::badges::enabled_badge;
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page};
use signalbox_core::notify::channel::ChannelKind;
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_store::notify::channels::{self as store_channels, Filter, Row, Sort};
use signalbox_store::{self as store, Conn};

/// The resource.
pub struct Channels;

static META: Meta = Meta {
    edit: Some(Permission::ChangeWebhooks),
    log: words::LOG_WORDS,
    ..Meta::new(
        "notify",
        "channel",
        ["channel", "channels", "Channels"],
        Permission::ChangeWebhooks,
    )
};

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "names and targets",
    paging: Paging::Numbered(100),
    default_order: &[(Sort::Name, Direction::Ascending)],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| row.name.clone(),
    page: |row| urls::change("notify", "channel", row.id),
    group: None,
    empty: Empty {
        title: "No channels yet",
        steps: &[
            "Add a channel: a mail server, a chat, or any address.",
            "Send a test.",
            "Add rules: what it tells of.",
        ],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "name",
        label: "Name",
        width: Width::Grow,
        cell: |row| Bit::from_data(row.name.clone()).stack_over(Bit::from_code(&row.target)),
        sort: Some(Sort::Name),
    },
    Column {
        key: "kind",
        label: "Kind",
        width: Width::Fit,
        cell: |row| Bit::from_text(signalbox_i18n::t(row.kind.label())).into(),
        sort: Some(Sort::Kind),
    },
    Column {
        key: "enabled",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(enabled_badge(row.enabled)).into(),
        sort: None,
    },
    Column {
        key: "last_sent_at",
        label: "Last sent",
        width: Width::Fit,
        cell: |row| Bit::from_time(row.last_sent_at).into(),
        sort: None,
    },
];

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "kind",
        label: "Kind",
        choices: Choices::Fixed(&[
            ("mail", "E-mail"),
            ("slack", "Slack"),
            ("mattermost", "Mattermost"),
            ("rocket_chat", "Rocket.Chat"),
            ("teams", "Microsoft Teams"),
            ("discord", "Discord"),
            ("http", "HTTP (Standard Webhooks)"),
        ]),
        apply: |filter, value| {
            filter.kind = Some(ChannelKind::parse(value).ok_or(BadChoice)?);
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
];

impl Resource for Channels {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        store_channels::list_channels(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        store_channels::count_channels(conn).await
    }
}

impl Editable for Channels {
    fn build_fieldsets(
        _: &AdminContext,
        values: &Values,
        object: Option<&Loaded>,
    ) -> Vec<Fieldset> {
        channel_fieldsets(values, object)
    }

    async fn blank_values(ctx: &AdminContext, _: &mut Conn) -> store::Result<Values> {
        Ok(usual_values(ctx.chosen_zone()))
    }

    async fn load_object(ctx: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<Loaded> {
        let channel = store_channels::find_channel(conn, number(id)?).await?;
        let target = notify::open_target(&ctx.deps().teller.keys, &channel).ok();
        let (values, secrets_set) = channel_values(&channel, target.as_ref());
        let query = [("channel", id)];
        Ok(Loaded {
            id: id.to_owned(),
            name: channel.name.clone(),
            version: channel.version,
            values,
            secrets_set,
            badges: vec![enabled_badge(channel.enabled)],
            facts: vec![signalbox_i18n::t(channel.kind.label()).to_owned(), channel.target],
            tools: vec![
                ("Rules", urls::with_query(&urls::notify_rules(), &query)),
                ("Messages", urls::with_query(&urls::messages(), &query)),
            ],
            presses: vec![("Send a test", urls::channel_test(id))],
            ..Loaded::default()
        })
    }

    async fn save_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        object: Option<&Loaded>,
        values: &Values,
    ) -> Result<Saved, Unsaved> {
        let input = read_channel(values, ctx.public_address());
        let (remote_addr, keys) = (ctx.remote_addr(), &ctx.deps().teller.keys);
        let by = asked_by(ctx, &remote_addr);
        let saved = |id: String| Saved {
            id,
            name: input.name.trim().to_owned(),
            reveal: Vec::new(),
            next: None,
            hint: object.is_none().then_some("Send a test, then add rules."),
            opens: object.is_none(),
        };
        match object {
            None => {
                add_once(conn, values, async |conn: &mut Conn| {
                    let id = notify::add_channel(conn, keys, by, &input).await;
                    Ok(saved(id.map_err(to_unsaved)?.to_string()))
                })
                .await
            }
            Some(object) => {
                let which = (number(&object.id)?, object.version);
                notify::change_channel(conn, keys, by, which, &input).await.map_err(to_unsaved)?;
                Ok(saved(object.id.clone()))
            }
        }
    }

    async fn plan_delete(_: &AdminContext, conn: &mut Conn, id: &str) -> store::Result<DeletePlan> {
        let channel = store_channels::find_channel(conn, number(id)?).await?;
        Ok(DeletePlan {
            goes: vec![
                say!("The channel to {target}, and its secrets.", target = channel.target),
                "Its rules.".to_owned(),
                "Its messages that wait: they are not sent.".to_owned(),
            ],
            stays: vec!["Its other messages, under its name.".to_owned()],
            refused: None,
            name: channel.name,
        })
    }

    async fn delete_object(
        ctx: &AdminContext,
        conn: &mut Conn,
        id: &str,
    ) -> Result<String, Unsaved> {
        let remote_addr = ctx.remote_addr();
        let by = asked_by(ctx, &remote_addr);
        let name = notify::delete_channel(conn, by, number(id)?).await?;
        tracing::info!(user.name = %ctx.actor.username, object.name = %name, "Channel {name} was deleted by {}", ctx.actor.username);
        Ok(name)
    }
}

fn to_unsaved(error: ChannelError) -> Unsaved {
    match error {
        ChannelError::Invalid(faults) => wrong_fields(faults),
        ChannelError::Seal(error) => Unsaved::Broken(Problem::internal().caused_by(error)),
        ChannelError::Store(error) => Unsaved::Failed(error),
    }
}

/// POST: sends a test, and says what came of it.
///
/// # Errors
/// No such channel (404), the database (503).
pub async fn submit_test(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_owned();
    let gone = |error| missing_object(&ctx, &META, &id, error);
    let found = number(&id).map_err(gone)?;
    let mut conn = ctx.get_conn().await?;
    let channel = store_channels::find_channel(&mut conn, found).await.map_err(gone)?;
    drop(conn);
    match notify::send_test(&ctx.deps().teller, &channel, &ctx.actor.username).await? {
        None => ctx.leave_message(
            Level::Success,
            say!("The test was sent to {target}.", target = channel.target),
        ),
        Some(failure) => ctx.leave_message(
            Level::Error,
            say!("The test was not sent. {why}", why = signalbox_i18n::say(&failure.sentence())),
        ),
    }
    Ok(see_other(META.change_url(&id)))
}
