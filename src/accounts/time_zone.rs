//! The time zone in which a person reads times.

use super::views::By;
use signalbox_core::change::{Snapshot, Value, diff_snapshots};
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::{Conn, Pool, StoreError, run_transaction, users};

/// Sets one's own time zone by its name; none = that of the browser. One transaction with its entry
/// in the log; nothing, if it is set already.
///
/// # Errors
/// Those of the database.
pub async fn set_own_zone(pool: &Pool, zone: Option<&str>, by: By<'_>) -> Result<(), StoreError> {
    run_transaction(&mut *pool.get_conn().await?, async |conn: &mut Conn| {
        let before = users::find_user(conn, by.actor.id).await?.time_zone;
        if before.as_deref() == zone {
            return Ok(());
        }
        users::set_time_zone(conn, by.actor.id, zone).await?;
        let snapshot = |zone: Option<&str>| {
            let value = zone.map_or(Value::None, |zone| Value::Text(zone.to_owned()));
            Snapshot::from([("time_zone", value)])
        };
        let changes = diff_snapshots(Some(&snapshot(before.as_deref())), Some(&snapshot(zone)));
        let entry = Entry {
            at: by.at,
            actor: Some(by.actor),
            verb: Verb::Change,
            object_type: object::USER,
            object_id: &by.actor.id.to_string(),
            object_name: &by.actor.username,
            changes,
            remote_addr: by.remote_addr,
        };
        audit::record_entry(conn, entry).await
    })
    .await
}
