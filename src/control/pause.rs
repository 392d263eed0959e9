//! Pause and resume: no job of the scope is begun, until somebody lets them go. What runs goes on.

use super::{Act, ControlError};
use chrono::{DateTime, SecondsFormat, Utc};
use signalbox_core::change::{Change, Value};
use signalbox_core::ids::JobId;
use signalbox_core::lane;
use signalbox_core::pause::{Note, Pause, Release, Scope, find_holding};
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::pauses::{self, HeldJob, Side};
use signalbox_store::transitions::{self, Held};
use signalbox_store::{Conn, StoreError, lanes, run_transaction};
use std::collections::{BTreeSet, HashMap};

/// Holds back everything in a scope, until somebody resumes or its time is up.
///
/// # Errors
/// [`ControlError::Already`] if it is held back, [`ControlError::Gone`] if its webhook does not
/// exist.
pub async fn pause_scope(
    conn: &mut Conn,
    act: Act<'_>,
    scope: Scope,
    reason: &str,
    until: Option<DateTime<Utc>>,
) -> Result<(), ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        pauses::lock_pauses(conn, Side::Change).await?;
        let name = match &scope {
            Scope::All => String::new(),
            Scope::Webhook(id) => pauses::name_of(conn, *id).await?,
            Scope::Lane(lane) => match lane::webhook_of_lane(lane) {
                Some(id) => pauses::name_of(conn, id).await?,
                None => lane::lane_label(lane),
            },
        };
        let note = Note {
            name,
            reason: reason.to_owned(),
            by: act.actor.username.clone(),
            since: act.now,
        };
        let pause = Pause { scope, note, until };
        if !pauses::insert_pause(conn, &pause).await? {
            let known = pauses::list_pauses(conn).await?;
            let by = known.into_iter().find(|known| known.scope == pause.scope);
            return Err(ControlError::Already(by.map(|by| by.note.by).unwrap_or_default()));
        }
        let text = |field: &str, text: String| Change {
            field: field.to_owned(),
            before: None,
            after: Some(Value::Text(text)),
            secret: false,
        };
        let mut changes = vec![text("reason", pause.note.reason.clone())];
        changes.extend(
            until.map(|until| text("until", until.to_rfc3339_opts(SecondsFormat::Secs, true))),
        );
        Ok(log_pause(conn, act, Verb::Pause, &pause, changes).await?)
    })
    .await
}

/// Ends a pause, and lets go who waited for it alone.
///
/// # Errors
/// [`ControlError::Gone`] if nothing of this scope is held back.
pub async fn resume_scope(
    conn: &mut Conn,
    act: Act<'_>,
    scope: &Scope,
    release: Release,
) -> Result<usize, ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        pauses::lock_pauses(conn, Side::Change).await?;
        let before = pauses::list_pauses(conn).await?;
        let pause = before.into_iter().find(|pause| pause.scope == *scope);
        let Some(pause) = pause else { return Err(ControlError::Gone) };
        pauses::delete_pause(conn, scope).await?;
        let left = pauses::list_pauses(conn).await?;
        let waiting: Vec<HeldJob> = pauses::list_waiting(conn)
            .await?
            .into_iter()
            .filter(|job| scope.covers_job(job.webhook_id, &job.lane))
            .filter(|job| find_holding(&left, job.webhook_id, &job.lane).is_none())
            .collect();
        // The order of locks: all lanes, then rows.
        for lane in lanes_of(&waiting) {
            lanes::lock_lane(conn, lane).await?;
        }
        let dropped = match release {
            Release::All => HashMap::new(),
            Release::Newest => find_older(&waiting),
        };
        for (old, new) in &dropped {
            transitions::supersede_waiting(conn, old, new, act.now).await?;
        }
        let mut released = 0;
        for job in waiting.iter().filter(|job| !dropped.contains_key(job.id.as_str())) {
            let Ok(id) = job.id.parse::<JobId>() else { continue };
            released += usize::from(transitions::release_job(conn, &id, Held::Paused).await?);
        }
        for lane in lanes_of(&waiting) {
            lanes::advance_lane(conn, lane, act.now).await?;
        }
        let number = |field: &str, count: usize| Change {
            field: field.to_owned(),
            before: None,
            after: Some(Value::Number(i64::try_from(count).unwrap_or(i64::MAX))),
            secret: false,
        };
        let changes = vec![number("released", released), number("dropped", dropped.len())];
        log_pause(conn, act, Verb::Resume, &pause, changes).await?;
        Ok(released)
    })
    .await
}

/// Their lanes, in the order in which they are locked.
fn lanes_of(jobs: &[HeldJob]) -> BTreeSet<&str> {
    jobs.iter().map(|job| job.lane.as_str()).collect()
}

/// Of each webhook and ref, all but the newest, each with that one.
fn find_older(waiting: &[HeldJob]) -> HashMap<&str, &str> {
    let newest: HashMap<_, &str> = waiting
        .iter()
        .map(|job| ((job.webhook_id, job.git_ref.as_str()), job.id.as_str()))
        .collect();
    waiting
        .iter()
        .filter_map(|job| {
            let newest = newest.get(&(job.webhook_id, job.git_ref.as_str()))?;
            (*newest != job.id).then_some((job.id.as_str(), *newest))
        })
        .collect()
}

async fn log_pause(
    conn: &mut Conn,
    act: Act<'_>,
    verb: Verb,
    pause: &Pause,
    changes: Vec<Change>,
) -> Result<(), StoreError> {
    let everything = || "Everything".to_owned();
    let name = Some(pause.note.name.clone()).filter(|name| !name.is_empty());
    let entry = Entry {
        at: act.now,
        actor: Some(act.actor),
        verb,
        object_type: audit::object::PAUSE,
        object_id: &pause.scope.to_word(),
        object_name: &name.unwrap_or_else(everything),
        changes,
        remote_addr: act.remote_addr,
    };
    audit::record_entry(conn, entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_ref_the_newest_stays() {
        let job = |id: &str, webhook, git_ref: &str| HeldJob {
            id: id.into(),
            webhook_id: Some(webhook),
            git_ref: git_ref.into(),
            lane: String::new(),
        };
        let waiting = [job("a", 1, "main"), job("b", 2, "main"), job("c", 1, "main")];
        assert_eq!(find_older(&waiting), [("a", "c")].into());
        assert_eq!(find_older(&waiting[..2]), [].into());
    }
}
