//! What a rule about a lasting state has told, so that it is told once; and the states.

use crate::schema::{
    gitlab_connections as connections, notification_marks as marks, webhooks, workers,
};
use crate::{Conn, Result};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// The most rejected deliveries that are counted.
const MOST_REFUSED: i64 = 100_000;

/// What a rule finds now.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "plain")]
pub struct Found<'a> {
    pub rule: i64,
    pub subjects: &'a [String],
    /// The only subject that is looked at; none = all are.
    pub among: Option<&'a str>,
}

/// Notes what a rule finds now, and forgets what it found before `held` and finds no more; answers what
/// is new.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn note_found(
    conn: &mut Conn,
    found: Found<'_>,
    held: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    let rule = found.rule;
    let over = diesel::delete(marks::table.filter(marks::rule_id.eq(rule)))
        .filter(marks::subject.ne_all(found.subjects))
        .filter(marks::at.le(held));
    match found.among {
        Some(only) => over.filter(marks::subject.eq(only)).execute(conn).await?,
        None => over.execute(conn).await?,
    };
    let rows = |subject: &String| {
        (marks::rule_id.eq(rule), marks::subject.eq(subject.clone()), marks::at.eq(now))
    };
    let insert = diesel::insert_into(marks::table)
        .values(found.subjects.iter().map(rows).collect::<Vec<_>>());
    Ok(insert.on_conflict_do_nothing().returning(marks::subject).load(conn).await?)
}

/// An enabled webhook that received nothing for long: id, names, and when something came last, or it was
/// registered.
pub type QuietWebhook = (i64, String, String, String, Option<DateTime<Utc>>, DateTime<Utc>);

/// The registered, enabled webhooks that received nothing since then.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn quiet_webhooks(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<QuietWebhook>> {
    let known = webhooks::last_delivery_at.is_null().or(webhooks::last_delivery_at.lt(since));
    Ok(webhooks::table
        .filter(webhooks::enabled)
        .filter(webhooks::project_id.ne(-1))
        .filter(known.assume_not_null())
        .filter(webhooks::pending_since.lt(since))
        .order(webhooks::id)
        .select((
            webhooks::id,
            webhooks::name,
            webhooks::repo_name,
            webhooks::object_kind,
            webhooks::last_delivery_at,
            webhooks::pending_since,
        ))
        .load(conn)
        .await?)
}

/// The workers that are lost: name, host, last heartbeat.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn lost_workers(
    conn: &mut Conn,
    before: DateTime<Utc>,
) -> Result<Vec<(String, String, DateTime<Utc>)>> {
    Ok(workers::table
        .filter(workers::ended_at.is_null())
        .filter(workers::last_seen_at.lt(before))
        .order(workers::last_seen_at)
        .select((workers::name, workers::host, workers::last_seen_at.assume_not_null()))
        .load(conn)
        .await?)
}

/// A webhook in GitLab that is disabled there.
#[derive(Debug, QueryableByName)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct DisabledHook {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub connection_id: i64,
    #[diesel(sql_type = Text)]
    pub connection: String,
    /// The repository's name here, or the project's number.
    #[diesel(sql_type = Text)]
    pub project: String,
    /// None = until somebody acts.
    #[diesel(sql_type = Nullable<Text>)]
    pub until: Option<String>,
}

/// The webhooks in GitLab that were disabled when they were looked at last.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn disabled_hooks(conn: &mut Conn) -> Result<Vec<DisabledHook>> {
    Ok(diesel::sql_query(
        "SELECT h.id, c.id AS connection_id, c.name AS connection, \
         coalesce((SELECT min(w.repo_name) FROM gitlab_hook_webhooks l \
         JOIN webhooks w ON w.id = l.webhook_id WHERE l.hook_id = h.id), h.project_id::text) \
         AS project, \
         to_char((h.seen->>'disabled_until')::timestamptz AT TIME ZONE 'UTC', \
         'YYYY-MM-DD HH24:MI \"UTC\"') AS until \
         FROM gitlab_hooks h JOIN gitlab_connections c ON c.id = h.connection_id \
         WHERE h.seen->>'alert_status' <> 'executable' ORDER BY h.id",
    )
    .load(conn)
    .await?)
}

/// The connections whose token expires until then: id, name, the day.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn ending_tokens(
    conn: &mut Conn,
    until: NaiveDate,
) -> Result<Vec<(i64, String, NaiveDate)>> {
    Ok(connections::table
        .filter(connections::token_expires_on.le(until).assume_not_null())
        .order(connections::id)
        .select((
            connections::id,
            connections::name,
            connections::token_expires_on.assume_not_null(),
        ))
        .load(conn)
        .await?)
}

/// Whether a worker was heard of since then.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn any_worker(conn: &mut Conn, since: DateTime<Utc>) -> Result<bool> {
    let alive = workers::table
        .filter(workers::ended_at.is_null())
        .filter(workers::last_seen_at.ge(since).assume_not_null());
    Ok(diesel::select(diesel::dsl::exists(alive)).get_result(conn).await?)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many deliveries were rejected for these reasons since then, counting those that share a row.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn count_refused(conn: &mut Conn, reasons: &[&str], since: DateTime<Utc>) -> Result<i64> {
    let counted: Count = diesel::sql_query(
        "SELECT coalesce(sum(CASE reason_code WHEN 'counted' \
         THEN (reason_args->>'more')::bigint ELSE 1 END), 0)::bigint AS count \
         FROM (SELECT reason_code, reason_args FROM deliveries WHERE verdict = 'rejected' \
         AND received_at >= $1 AND reason_code = ANY($2) LIMIT $3) AS refused",
    )
    .bind::<Timestamptz, _>(since)
    .bind::<Array<Text>, _>(reasons)
    .bind::<BigInt, _>(MOST_REFUSED)
    .get_result(conn)
    .await?;
    Ok(counted.count)
}

/// A job that is due, and for how many seconds.
#[derive(Debug, QueryableByName)]
#[expect(missing_docs, reason = "plain")]
pub struct Due {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = BigInt)]
    pub seconds: i64,
}

/// The job that has been due for longest, by the database's clock.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn oldest_due(conn: &mut Conn) -> Result<Option<Due>> {
    Ok(diesel::sql_query(
        "SELECT id, extract(epoch FROM now() - due_at)::bigint AS seconds FROM jobs \
         WHERE due_at <= now() ORDER BY due_at, id LIMIT 1",
    )
    .get_result(conn)
    .await
    .optional()?)
}
