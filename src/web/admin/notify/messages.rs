//! Messages: the list, and a page that shows one as it was told, with what came of it.

use super::words::state_badge;
use crate::clock;
use crate::notify;
use crate::web::admin::context::{AdminContext, Meta, Signalbox};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::missing_object;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::column::{Bit, Column, Width};
use crate::web::admin::kit::filter::{BadChoice, Choices, FilterSpec};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::listing::{Empty, Listing, Paging};
use crate::web::admin::kit::resource::Resource;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::ids::DeliveryId;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::notify::happening::Content;
use signalbox_core::notify::letter::Letter;
use signalbox_core::notify::wording::{Pages, draft_message};
use signalbox_core::role::Permission;
use signalbox_i18n::{say, t};
use signalbox_store::notify::messages::{self, Filter, Row, Sort, State};
use signalbox_store::{self as store, Conn};

/// The resource.
pub struct Messages;

static META: Meta =
    Meta::new("notify", "message", ["message", "messages", "Messages"], Permission::View);

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "channels",
    paging: Paging::Keyset(100),
    default_order: &[],
    id: |row| row.id.clone(),
    place: |text| text.parse::<DeliveryId>().ok().map(|id| id.to_string()),
    name: title_of,
    page: |row| urls::message(&row.id),
    group: None,
    empty: Empty {
        title: "No messages yet",
        steps: &["What the rules of the channels find appears here."],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "title",
        label: "Message",
        width: Width::Grow,
        cell: |row| Bit::from_text(title_of(row)).stack_over(Bit::from_code(&row.id)),
        sort: None,
    },
    Column {
        key: "state",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(state_badge(row.state, row.attempts)).into(),
        sort: None,
    },
    Column {
        key: "channel",
        label: "Channel",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.channel.clone()).into(),
        sort: None,
    },
    Column {
        key: "created_at",
        label: "Since",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.created_at)).into(),
        sort: None,
    },
    Column {
        key: "sent_at",
        label: "Sent",
        width: Width::Fit,
        cell: |row| Bit::from_time(row.sent_at).into(),
        sort: None,
    },
];

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "state",
        label: "State",
        choices: Choices::Fixed(&[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")]),
        apply: |filter, value| {
            filter.state = Some(State::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "channel",
        label: "Channel",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.channel = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
];

fn title_of(row: &Row) -> String {
    let draft = row.content.as_ref().map(|content| draft_message(content, &Pages::none()).title);
    draft.map_or_else(|| row.rule.clone(), |title| signalbox_i18n::say(&title))
}

impl Resource for Messages {
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
        messages::list_messages(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        _: bool,
    ) -> store::Result<Counts> {
        messages::count_messages(conn).await
    }
}

/// A message's page.
#[derive(Template)]
#[template(path = "admin/notify/message.html")]
pub struct MessagePage {
    frame: Frame,
    badge: Badge,
    channel: String,
    /// When it was begun, sent, and is tried next.
    times: Vec<(&'static str, At)>,
    attempts: i32,
    answer: String,
    failure: String,
    letter: Letter,
    /// Where it is sent again; none = it cannot be, or not by this person.
    again: Option<String>,
    now: DateTime<Utc>,
}

impl MessagePage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let contents = signalbox_core::notify::wording::samples().into_iter();
        let row = |(n, content): (usize, Content)| Row {
            id: n.to_string(),
            state: State::ALL.get(n % 3).copied().unwrap_or(State::Sent),
            created_at: DateTime::UNIX_EPOCH,
            due_at: None,
            sent_at: Some(DateTime::UNIX_EPOCH),
            attempts: 1,
            channel_id: Some(7),
            channel: "<b>〇</b>".to_owned(),
            rule: String::new(),
            happenings: 1,
            answer: "200".to_owned(),
            content: Some(content),
            failure: (n % 3 == 2).then_some(signalbox_core::failure::Failure::NoHost),
        };
        contents
            .enumerate()
            .map(row)
            .map(|row| {
                let frame = crate::web::admin::context::sample_frame("Messages");
                Self::from_row(frame, row, true, DateTime::UNIX_EPOCH)
            })
            .collect()
    }

    fn from_row(frame: Frame, row: Row, may_send: bool, now: DateTime<Utc>) -> Self {
        let job = |id: &str| Some(urls::object("hooks", "job", id));
        let webhook = |id: i64| Some(urls::object("hooks", "webhook", id));
        let connection = |id: i64| Some(urls::gitlab_connection(id));
        let pages = Pages {
            job: &job,
            webhook: &webhook,
            connection: &connection,
            workers: Some(urls::workers()),
            refused: Some(refused_url()),
        };
        let content = row.content.clone().unwrap_or_else(|| Content::new(None));
        let draft = draft_message(&content, &pages);
        let times =
            [("Since", Some(row.created_at)), ("Sent", row.sent_at), ("Next attempt", row.due_at)];
        let may_send = may_send && row.channel_id.is_some() && row.state != State::Waiting;
        let failure = row.failure.as_ref().map(|failure| signalbox_i18n::say(&failure.sentence()));
        Self {
            frame,
            badge: state_badge(row.state, row.attempts),
            times: times.into_iter().filter_map(|(words, at)| Some((words, At(at?)))).collect(),
            attempts: row.attempts,
            again: may_send.then(|| urls::message_send(&row.id)),
            channel: row.channel,
            answer: row.answer,
            failure: failure.unwrap_or_default(),
            letter: Letter::from_draft(&draft, String::new(), &signalbox_i18n::say),
            now,
        }
    }
}

/// The deliveries that were rejected.
pub fn refused_url() -> String {
    urls::with_query(&urls::deliveries(), &[("verdict", "rejected")])
}

/// `GET /admin/notify/message/<id>/`
///
/// # Errors
/// No such message (404); the database is away (503).
pub async fn show_message(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_owned();
    let found = messages::find_row(&mut *ctx.get_conn().await?, &id).await;
    let row = found.map_err(|error| missing_object(&ctx, &META, &id, error))?;
    let frame = ctx.new_frame(title_of(&row)).with_crumb(t("Messages"), urls::messages());
    let may_send = ctx.has_permission(Permission::ChangeWebhooks);
    render_page(&MessagePage::from_row(frame, row, may_send, clock::now()))
}

/// `POST /admin/notify/message/<id>/send/`: sends it again.
///
/// # Errors
/// As the page.
pub async fn submit_send(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_owned();
    let gone = |error| missing_object(&ctx, &META, &id, error);
    let mut conn = ctx.get_conn().await?;
    let again = messages::send_again(&mut conn, &id, clock::now()).await?;
    drop(conn);
    if !again {
        ctx.leave_message(Level::Info, t("It waits to be sent anyway, or its channel is gone."));
        return Ok(see_other(urls::message(&id)));
    }
    match notify::send_now(&ctx.deps().teller, &id).await.map_err(gone)? {
        None => ctx.leave_message(Level::Success, t("The message was sent.")),
        Some(failure) => ctx.leave_message(
            Level::Error,
            say!("The message was not sent. {why}", why = signalbox_i18n::say(&failure.sentence())),
        ),
    }
    Ok(see_other(urls::message(&id)))
}
