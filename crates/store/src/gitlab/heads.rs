//! The branches of projects in GitLab, as they were compared last, and pushes that never came.

use crate::cached::cached;
use crate::schema::{deliveries, gitlab_heads, gitlab_hooks};
use crate::search::last_id_before;
use crate::{Conn, Result, run_transaction};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Int8, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::catch_up::{Head, MissedHead};
use signalbox_core::source::Source;
use signalbox_core::verdict::Verdict;
use std::collections::{HashMap, HashSet};

/// How long before a comparison pushes are looked for: clocks of servers differ.
const OVERLAP: TimeDelta = TimeDelta::minutes(1);
/// How long an event may be on its way before its push is made, and how long after a failure.
const GRACE: TimeDelta = TimeDelta::minutes(1);
/// So many branches come in one answer of GitLab's. Of more, one may be missing from them all that is there:
/// while pages are read, branches are deleted, and those behind move on.
const ONE_PAGE: usize = 100;

/// A branch whose push never came.
#[derive(Debug, Clone, Queryable)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct DueHead {
    pub hook_id: i64,
    pub git_ref: String,
    pub sha: String,
    pub missed_sha: String,
    pub missed_at: Option<DateTime<Utc>>,
}

/// Notes that branches are to be compared.
///
/// # Errors
/// Those of the database.
pub async fn mark_heads_due(conn: &mut Conn, hook: i64) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(hook))
        .set(gitlab_hooks::heads_due.eq(true))
        .execute(conn)
        .await?;
    Ok(())
}

/// The branches as they were compared last.
///
/// # Errors
/// Those of the database.
pub async fn list_heads(conn: &mut Conn, hook: i64) -> Result<Vec<Head>> {
    let rows: Vec<(String, String)> = gitlab_heads::table
        .filter(gitlab_heads::hook_id.eq(hook))
        .select((gitlab_heads::git_ref, gitlab_heads::sha))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Head::from).collect())
}

/// The pushes of a project since its branches were compared, the oldest first. With each comes whether
/// GitLab delivered it since: of those caught up on, and those of a while before, nobody knows what lies
/// between them and the comparison.
///
/// # Errors
/// Those of the database.
pub async fn list_pushes(
    conn: &mut Conn,
    project: i64,
    compared_at: DateTime<Utc>,
) -> Result<Vec<(Head, bool)>> {
    let rows: Vec<(String, String, String, String, DateTime<Utc>)> = deliveries::table
        .filter(deliveries::project_id.eq(project))
        .filter(deliveries::id.ge(last_id_before(compared_at - OVERLAP)))
        .filter(deliveries::object_kind.eq("push"))
        .filter(deliveries::verdict.ne(Verdict::Rejected.as_str()))
        .filter(deliveries::source.ne_all([Source::Replay, Source::Hand].map(Source::as_str)))
        .order((deliveries::received_at, deliveries::id))
        .select((
            deliveries::git_ref,
            deliveries::sha,
            deliveries::source,
            deliveries::verdict,
            deliveries::received_at,
        ))
        .load(conn)
        .await?;
    let push = |(git_ref, sha, source, verdict, at)| {
        // One that was sent again says nothing of where the branch stands.
        let is_delivered = source == Source::Gitlab.as_str()
            && verdict != Verdict::Duplicate.as_str()
            && at >= compared_at;
        (Head { git_ref, sha }, is_delivered)
    };
    Ok(rows.into_iter().map(push).collect())
}

/// Notes how the branches stand, and which pushes never came. Of branches that stand where they stood,
/// nothing changes: what was made of one stays known to the intake.
///
/// # Errors
/// Those of the database.
pub async fn note_heads(
    conn: &mut Conn,
    hook: i64,
    (heads, missed): (&[Head], &[MissedHead]),
    now: DateTime<Utc>,
) -> Result<()> {
    run_transaction(conn, async |conn: &mut Conn| {
        if heads.len() < ONE_PAGE {
            let refs = heads.iter().map(|head| &head.git_ref);
            diesel::delete(gitlab_heads::table)
                .filter(gitlab_heads::hook_id.eq(hook))
                .filter(gitlab_heads::git_ref.ne_all(refs))
                .execute(conn)
                .await?;
        }
        let before = list_noted(conn, hook, missed).await?;
        let changed: Vec<&Head> = heads.iter().filter(|head| !before.contains(head)).collect();
        let missed: HashMap<&str, &MissedHead> =
            missed.iter().map(|missed| (missed.head.git_ref.as_str(), missed)).collect();
        for some in changed.chunks(1_000) {
            let row = |head: &&Head| {
                let missed = missed.get(head.git_ref.as_str());
                let before = missed.map(|missed| missed.before.clone().unwrap_or_default());
                (
                    gitlab_heads::hook_id.eq(hook),
                    gitlab_heads::git_ref.eq(head.git_ref.clone()),
                    gitlab_heads::sha.eq(before.unwrap_or_else(|| head.sha.clone())),
                    gitlab_heads::missed_sha
                        .eq(missed.map(|missed| missed.head.sha.clone()).unwrap_or_default()),
                    gitlab_heads::missed_at.eq(missed.map(|_| now)),
                    gitlab_heads::due_at.eq(missed.map(|_| now + GRACE)),
                )
            };
            diesel::insert_into(gitlab_heads::table)
                .values(some.iter().map(row).collect::<Vec<_>>())
                .on_conflict((gitlab_heads::hook_id, gitlab_heads::git_ref))
                .do_update()
                .set((
                    gitlab_heads::sha.eq(diesel::upsert::excluded(gitlab_heads::sha)),
                    gitlab_heads::missed_sha.eq(diesel::upsert::excluded(gitlab_heads::missed_sha)),
                    gitlab_heads::missed_at.eq(diesel::upsert::excluded(gitlab_heads::missed_at)),
                    gitlab_heads::due_at.eq(diesel::upsert::excluded(gitlab_heads::due_at)),
                ))
                .execute(conn)
                .await?;
        }
        diesel::update(gitlab_hooks::table.find(hook))
            .set((gitlab_hooks::heads_due.eq(false), gitlab_hooks::heads_at.eq(now)))
            .execute(conn)
            .await?;
        Ok(())
    })
    .await
}

/// The branches of a project that are noted as they are: known, or still to be made a push for.
async fn list_noted(conn: &mut Conn, hook: i64, missed: &[MissedHead]) -> Result<HashSet<Head>> {
    let rows: Vec<(String, String, String, bool)> = gitlab_heads::table
        .filter(gitlab_heads::hook_id.eq(hook))
        .select((
            gitlab_heads::git_ref,
            gitlab_heads::sha,
            gitlab_heads::missed_sha,
            gitlab_heads::due_at.is_not_null(),
        ))
        .load(conn)
        .await?;
    let missed: HashSet<&Head> = missed.iter().map(|missed| &missed.head).collect();
    let noted = rows.into_iter().filter_map(|(git_ref, sha, missed_sha, is_due)| {
        let head = Head { git_ref, sha: if is_due { missed_sha } else { sha } };
        (missed.contains(&head) == is_due).then_some(head)
    });
    Ok(noted.collect())
}

/// The branches whose missing push is to be made by now.
///
/// # Errors
/// Those of the database.
pub async fn list_due_heads(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<DueHead>> {
    Ok(gitlab_heads::table
        .filter(gitlab_heads::due_at.le(now))
        .order((gitlab_heads::hook_id, gitlab_heads::git_ref))
        .select((
            gitlab_heads::hook_id,
            gitlab_heads::git_ref,
            gitlab_heads::sha,
            gitlab_heads::missed_sha,
            gitlab_heads::missed_at,
        ))
        .load(conn)
        .await?)
}

/// Puts off the pushes of a project that are to be made.
///
/// # Errors
/// Those of the database.
pub async fn put_off(conn: &mut Conn, hook: i64, now: DateTime<Utc>) -> Result<()> {
    diesel::update(gitlab_heads::table)
        .filter(gitlab_heads::hook_id.eq(hook))
        .filter(gitlab_heads::due_at.is_not_null())
        .set(gitlab_heads::due_at.eq(now + GRACE))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a push came, or was made. The commit stays known to the intake.
///
/// # Errors
/// Those of the database.
pub async fn settle_head(conn: &mut Conn, head: &DueHead, now: DateTime<Utc>) -> Result<()> {
    diesel::update(gitlab_heads::table.find((head.hook_id, &head.git_ref)))
        .filter(gitlab_heads::missed_sha.eq(&head.missed_sha))
        .set((
            gitlab_heads::sha.eq(&head.missed_sha),
            gitlab_heads::missed_at.eq(now),
            gitlab_heads::due_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Leaves a push out that is not to be made, and has the branches compared anew.
///
/// # Errors
/// Those of the database.
pub async fn leave_head(conn: &mut Conn, head: &DueHead) -> Result<()> {
    diesel::update(gitlab_heads::table.find((head.hook_id, &head.git_ref)))
        .set((gitlab_heads::missed_sha.eq(""), gitlab_heads::due_at.eq(None::<DateTime<Utc>>)))
        .execute(conn)
        .await?;
    mark_heads_due(conn, head.hook_id).await
}

/// Has the branches of a project noted as they are, whatever happened before.
///
/// # Errors
/// Those of the database.
pub async fn forget_heads(conn: &mut Conn, hook: i64) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(hook))
        .set((gitlab_hooks::heads_due.eq(true), gitlab_hooks::heads_at.eq(None::<DateTime<Utc>>)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Of these commits, those of pushes that were found missing and not made before a moment: project and
/// branch with each.
///
/// # Errors
/// Those of the database.
pub async fn find_missed(
    mut conn: &Conn,
    commits: &[&str],
    since: DateTime<Utc>,
) -> Result<Vec<(i64, Head)>> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let found = diesel::sql_query(
        "SELECT h.project_id, g.ref AS git_ref, g.missed_sha AS sha \
         FROM gitlab_heads g JOIN gitlab_hooks h ON h.id = g.hook_id \
         WHERE g.missed_sha = ANY($1) AND g.missed_sha <> '' \
         AND (g.due_at IS NOT NULL OR g.missed_at > $2)",
    )
    .bind::<Array<Text>, _>(commits)
    .bind::<Timestamptz, _>(since);
    let rows: Vec<FoundHead> = cached(found).load(&mut conn).await?;
    let head = |row: FoundHead| (row.project_id, Head { git_ref: row.git_ref, sha: row.sha });
    Ok(rows.into_iter().map(head).collect())
}

#[derive(QueryableByName)]
struct FoundHead {
    #[diesel(sql_type = Int8)]
    project_id: i64,
    #[diesel(sql_type = Text)]
    git_ref: String,
    #[diesel(sql_type = Text)]
    sha: String,
}
