//! The rules of channels, for all webhooks or one.

use crate::schema::{notification_channels as channels, notification_rules as rules, webhooks};
use crate::search::{CountOf, contains_pattern};
use crate::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, Part, Total};
use signalbox_core::notify::choice::Kept;
use signalbox_core::notify::rule::Rule;
use signalbox_core::webhook::webhook_label;

/// A rule, and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "plain")]
pub struct Dated {
    pub kept: Kept,
    pub since: DateTime<Utc>,
}

/// A rule as it is listed and changed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Row {
    pub id: i64,
    pub channel_id: i64,
    pub channel: String,
    pub webhook_id: Option<i64>,
    /// The webhook's label; empty = the rule is for all.
    pub webhook: String,
    pub rule: String,
    pub enabled: bool,
    #[serde(skip)]
    pub since: DateTime<Utc>,
    #[serde(skip)]
    pub version: i32,
}

impl Row {
    /// The rule in typed form; none if it is of a later version.
    pub fn typed(&self) -> Option<Rule> {
        self.rule.parse().ok()
    }
}

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The channel's name.
    Channel,
}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the columns' names")]
pub struct Filter {
    pub channel: Option<i64>,
    pub webhook: Option<i64>,
    pub enabled: Option<bool>,
}

/// What is written of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Values {
    pub channel: i64,
    pub webhook: Option<i64>,
    pub rule: Rule,
    pub enabled: bool,
}

/// Every rule of the enabled channels; one of a later version is left out.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn telling_rules(conn: &mut Conn) -> Result<Vec<Dated>> {
    type Stored = (i64, i64, Option<i64>, String, bool, DateTime<Utc>);
    let all: Vec<Stored> = rules::table
        .inner_join(channels::table)
        .filter(channels::enabled)
        .order(rules::id)
        .select((
            rules::id,
            rules::channel_id,
            rules::webhook_id,
            rules::rule,
            rules::enabled,
            rules::since,
        ))
        .load(conn)
        .await?;
    let typed = |(id, channel, webhook, rule, enabled, since): Stored| {
        let kept = Kept { id, channel, webhook, rule: rule.parse().ok()?, enabled };
        Some(Dated { kept, since })
    };
    Ok(all.into_iter().filter_map(typed).collect())
}

/// Channel, and name, repository and kind of the webhook.
type Names = (String, Option<(String, String, String)>);
type Stored = ((i64, i64, Option<i64>, String, bool, DateTime<Utc>, i32), Names);

macro_rules! all_rows {
    () => {
        rules::table.inner_join(channels::table).left_join(webhooks::table).select((
            (
                rules::id,
                rules::channel_id,
                rules::webhook_id,
                rules::rule,
                rules::enabled,
                rules::since,
                rules::version,
            ),
            (
                channels::name,
                (webhooks::name, webhooks::repo_name, webhooks::object_kind).nullable(),
            ),
        ))
    };
}

fn to_row(stored: Stored) -> Row {
    let ((id, channel_id, webhook_id, rule, enabled, since, version), (channel, webhook)) = stored;
    let webhook = webhook.map(|(name, repo, kind)| webhook_label(&name, &repo, &kind));
    let webhook = webhook.unwrap_or_default();
    Row { id, channel_id, channel, webhook_id, webhook, rule, enabled, since, version }
}

/// One rule.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find_rule(conn: &mut Conn, id: i64) -> Result<Row> {
    let one: Stored = all_rows!().filter(rules::id.eq(id)).first(conn).await?;
    Ok(to_row(one))
}

/// How many rules there are.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn count_rules(conn: &mut Conn) -> Result<Counts> {
    let all = rules::table.count().get_result(conn).await?;
    Ok(Counts { all: Some(Total::Exactly(all)), choices: Vec::new() })
}

macro_rules! narrowed {
    ($rows:expr, $query:expr) => {{
        let mut rows = $rows.into_boxed();
        if let Some(channel) = $query.filter.channel {
            rows = rows.filter(rules::channel_id.eq(channel));
        }
        if let Some(webhook) = $query.filter.webhook {
            rows = rows.filter(rules::webhook_id.assume_not_null().eq(webhook));
        }
        if let Some(enabled) = $query.filter.enabled {
            rows = rows.filter(rules::enabled.eq(enabled));
        }
        for term in &$query.terms {
            let pattern = contains_pattern(term);
            let webhook = webhooks::name.ilike(pattern.clone());
            let repository = webhooks::repo_name.ilike(pattern.clone());
            let of_webhook = webhook.or(repository).assume_not_null();
            rows = rows.filter(
                channels::name
                    .ilike(pattern.clone())
                    .or(rules::rule.ilike(pattern))
                    .or(webhooks::id.nullable().is_not_null().and(of_webhook)),
            );
        }
        rows
    }};
}

/// The rules that a changelist asks for.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_rules(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let ids = rules::table.inner_join(channels::table).left_join(webhooks::table).select(rules::id);
    let counted = narrowed!(ids, query).limit(Total::CAP + 1);
    let matching: i64 = CountOf(counted).get_result(conn).await?;
    let page = if let Part::Numbered(page) = query.part { page } else { 1 };
    let mut rows = narrowed!(all_rows!(), query);
    for (Sort::Channel, direction) in &query.order {
        rows = match direction {
            Direction::Ascending => rows.then_order_by(channels::name.asc()),
            Direction::Descending => rows.then_order_by(channels::name.desc()),
        };
    }
    let found: Vec<Stored> = rows
        .then_order_by(rules::id.asc())
        .offset((page - 1).saturating_mul(query.limit))
        .limit(query.limit.saturating_add(1))
        .load(conn)
        .await?;
    let rows = found.into_iter().map(to_row).collect();
    Ok(Page::cut_page(rows, &query.part, query.limit, Total::from_capped(matching)))
}

/// Adds a rule; answers its id.
///
/// # Errors
/// The constraint `notification_rules_kind_key`; any other [`StoreError`] of the database.
pub async fn insert_rule(conn: &mut Conn, values: Values, now: DateTime<Utc>) -> Result<i64> {
    let row = (
        rules::channel_id.eq(values.channel),
        rules::webhook_id.eq(values.webhook),
        rules::rule.eq(values.rule.to_string()),
        rules::enabled.eq(values.enabled),
        rules::since.eq(now),
    );
    let insert = diesel::insert_into(rules::table).values(row);
    Ok(insert.returning(rules::id).get_result(conn).await?)
}

/// Changes a rule that still has this version. It holds from now on: what happened before is not told.
///
/// # Errors
/// [`StoreError::Stale`] if it has not; as [`insert_rule`].
pub async fn update_rule(
    conn: &mut Conn,
    (id, version): (i64, i32),
    values: Values,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = diesel::update(rules::table.find(id).filter(rules::version.eq(version)))
        .set((
            rules::channel_id.eq(values.channel),
            rules::webhook_id.eq(values.webhook),
            rules::rule.eq(values.rule.to_string()),
            rules::enabled.eq(values.enabled),
            rules::since.eq(now),
            rules::version.eq(version + 1),
        ))
        .execute(conn)
        .await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Deletes a rule.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn delete_rule(conn: &mut Conn, id: i64) -> Result<()> {
    diesel::delete(rules::table.find(id)).execute(conn).await?;
    Ok(())
}
