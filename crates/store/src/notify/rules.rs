//! The rules of channels, for all webhooks or one.

use crate::schema::notification_rules as rules;
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::notify::choice::Kept;
use signalbox_core::notify::rule::Rule;

/// A rule, and since when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "plain")]
pub struct Dated {
    pub kept: Kept,
    pub since: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = rules, check_for_backend(diesel::pg::Pg))]
struct Stored {
    id: i64,
    channel_id: i64,
    webhook_id: Option<i64>,
    rule: String,
    enabled: bool,
    since: DateTime<Utc>,
}

/// The rules in typed form; one of a later version is left out.
fn to_dated(stored: Vec<Stored>) -> Vec<Dated> {
    let typed = |row: Stored| {
        let kept = Kept {
            id: row.id,
            channel: row.channel_id,
            webhook: row.webhook_id,
            rule: row.rule.parse().ok()?,
            enabled: row.enabled,
        };
        Some(Dated { kept, since: row.since })
    };
    stored.into_iter().filter_map(typed).collect()
}

/// Every rule of these channels.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn rules_of(conn: &mut Conn, channels: &[i64]) -> Result<Vec<Dated>> {
    let all = rules::table
        .filter(rules::channel_id.eq_any(channels))
        .order(rules::id)
        .select(Stored::as_select());
    Ok(to_dated(all.load(conn).await?))
}

/// What is to hold of a kind: this rule, on or off; none = nothing of its own.
pub type Wanted = Option<(Rule, bool)>;

/// Gives a channel a rule in the place of the one of its kind, for all webhooks or one. One that stays as
/// it is keeps its time.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn put_rule(
    conn: &mut Conn,
    (channel, webhook): (i64, Option<i64>),
    stored: Option<Kept>,
    wanted: Wanted,
    now: DateTime<Utc>,
) -> Result<()> {
    if stored.map(|kept| (kept.rule, kept.enabled)) == wanted {
        return Ok(());
    }
    match (stored, wanted) {
        (Some(stored), Some((rule, enabled))) => {
            diesel::update(rules::table.find(stored.id))
                .set((
                    rules::rule.eq(rule.to_string()),
                    rules::enabled.eq(enabled),
                    rules::since.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        (Some(stored), None) => {
            diesel::delete(rules::table.find(stored.id)).execute(conn).await?;
        }
        (None, Some((rule, enabled))) => {
            diesel::insert_into(rules::table)
                .values((
                    rules::channel_id.eq(channel),
                    rules::webhook_id.eq(webhook),
                    rules::rule.eq(rule.to_string()),
                    rules::enabled.eq(enabled),
                    rules::since.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        (None, None) => {}
    }
    Ok(())
}
