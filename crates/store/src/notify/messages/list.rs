//! The list of messages, newest first.

use crate::schema::notification_messages as messages;
use crate::search::{Condition, CountOf, contains_pattern};
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::failure::Failure;
use signalbox_core::listing::{Counts, ListQuery, Page, Part, Total};
use signalbox_core::notify::happening::Content;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is sent later, or tried again.
    Waiting,
    /// It was sent.
    Sent,
    /// It was given up.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];

    /// The machine word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The state of a machine word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A message as it is listed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Row {
    pub id: String,
    pub state: State,
    pub created_at: DateTime<Utc>,
    pub due_at: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
    pub attempts: i32,
    pub channel_id: Option<i64>,
    pub channel: String,
    pub rule: String,
    pub happenings: i64,
    pub answer: String,
    #[serde(skip)]
    pub content: Option<Content>,
    #[serde(skip)]
    pub failure: Option<Failure>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(diesel::pg::Pg))]
struct Stored {
    id: String,
    created_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    attempts: i32,
    channel_id: Option<i64>,
    channel_name: String,
    rule: String,
    content: serde_json::Value,
    happenings: i64,
    answer: String,
    failure: Option<serde_json::Value>,
}

impl From<Stored> for Row {
    fn from(stored: Stored) -> Self {
        Self {
            state: match (stored.due_at, stored.sent_at) {
                (Some(_), _) => State::Waiting,
                (None, Some(_)) => State::Sent,
                (None, None) => State::Failed,
            },
            id: stored.id,
            created_at: stored.created_at,
            due_at: stored.due_at,
            sent_at: stored.sent_at,
            attempts: stored.attempts,
            channel_id: stored.channel_id,
            channel: stored.channel_name,
            rule: stored.rule,
            happenings: stored.happenings,
            answer: stored.answer,
            content: serde_json::from_value(stored.content).ok(),
            failure: stored.failure.as_ref().and_then(Failure::from_stored),
        }
    }
}

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What became of it.
    pub state: Option<State>,
    /// Of this channel.
    pub channel: Option<i64>,
}

fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<messages::table> {
    let mut all: Condition<messages::table> = Box::new(messages::id.is_not_null());
    if let Some(state) = query.filter.state {
        let (due, sent) = (messages::due_at, messages::sent_at);
        all = match state {
            State::Waiting => Box::new(all.and(due.is_not_null())),
            State::Sent => Box::new(all.and(due.is_null()).and(sent.is_not_null())),
            State::Failed => Box::new(all.and(due.is_null()).and(sent.is_null())),
        };
    }
    if let Some(channel) = query.filter.channel {
        all = Box::new(all.and(messages::channel_id.assume_not_null().eq(channel)));
    }
    for term in &query.terms {
        all = Box::new(all.and(messages::channel_name.ilike(contains_pattern(term))));
    }
    all
}

/// One message.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none with this id.
pub async fn find_row(conn: &mut Conn, id: &str) -> Result<Row> {
    let one: Stored = messages::table.find(id).select(Stored::as_select()).first(conn).await?;
    Ok(one.into())
}

/// How many messages there are.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn count_messages(conn: &mut Conn) -> Result<Counts> {
    let counted = messages::table.select(messages::id);
    let all: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    Ok(Counts { all: Some(Total::from_capped(all)), choices: Vec::new() })
}

/// The messages that a changelist asks for.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_messages(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let counted = messages::table.select(messages::id).filter(list_condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let mut rows =
        messages::table.filter(list_condition(query)).select(Stored::as_select()).into_boxed();
    rows = match &query.part {
        Part::Numbered(page) => {
            rows.offset((page - 1).saturating_mul(query.limit)).order(messages::id.desc())
        }
        Part::Older(id) => rows.filter(messages::id.lt(id.clone())).order(messages::id.desc()),
        Part::Newer(id) => rows.filter(messages::id.gt(id.clone())).order(messages::id.asc()),
    };
    let found: Vec<Stored> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = found.into_iter().map(Row::from).collect();
    Ok(Page::cut_page(rows, &query.part, query.limit, Total::from_capped(matching)))
}
