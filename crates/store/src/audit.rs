//! The audit log: who did what to which object, with its values before and after.
//!
//! Services write the entry inside the transaction of the change itself. Nothing refers to the
//! objects by foreign key: the log outlives them.

mod list;

pub use list::{Filter, Sort, count_entries, find_entry, list_entries};

use super::schema::audit_log;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Serialize, Serializer};
use signalbox_core::actor::Actor;
use signalbox_core::change::Change;
use signalbox_core::ids::UserId;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// An object was made.
    Add,
    /// Fields of it were changed.
    Change,
    /// It was deleted.
    Delete,
    /// A pending webhook took a project's id.
    Register,
    /// A person signed in.
    Login,
    /// A person signed out.
    Logout,
    /// A sign-in was refused.
    LoginFailed,
    /// A job was asked for again.
    RunAgain,
    /// A job was cancelled.
    Cancel,
    /// A job that waited for its time was let go at once.
    RunNow,
    /// Jobs are not begun any more.
    Pause,
    /// They are again.
    Resume,
    /// A delivery was given to the webhooks once more, or many.
    Replay,
}

impl Verb {
    /// Every verb; the constraint `audit_log_verb_check` lists the same words.
    pub const ALL: [Self; 13] = [
        Self::Add,
        Self::Change,
        Self::Delete,
        Self::Register,
        Self::Login,
        Self::Logout,
        Self::LoginFailed,
        Self::RunAgain,
        Self::Cancel,
        Self::RunNow,
        Self::Pause,
        Self::Resume,
        Self::Replay,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Register => "register",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::LoginFailed => "login_failed",
            Self::RunAgain => "run_again",
            Self::Cancel => "cancel",
            Self::RunNow => "run_now",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Replay => "replay",
        }
    }

    /// The verb of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }

    /// What a person reads: the past tense, with a capital.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Add => "Added",
            Self::Change => "Changed",
            Self::Delete => "Deleted",
            Self::Register => "Registered",
            Self::Login => "Signed in",
            Self::Logout => "Signed out",
            Self::LoginFailed => "Sign-in refused",
            Self::RunAgain => "Ran again",
            Self::Cancel => "Cancelled",
            Self::RunNow => "Ran now",
            Self::Pause => "Paused",
            Self::Resume => "Resumed",
            Self::Replay => "Replayed",
        }
    }
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The kinds of objects the log speaks of: the stored words.
pub mod object {
    /// A webhook.
    pub const WEBHOOK: &str = "webhook";
    /// A job.
    pub const JOB: &str = "job";
    /// What holds jobs back.
    pub const PAUSE: &str = "pause";
    /// An account.
    pub const USER: &str = "user";
    /// A delivery.
    pub const DELIVERY: &str = "delivery";
    /// A run of replays.
    pub const REPLAY: &str = "replay";
    /// A connection to GitLab.
    pub const CONNECTION: &str = "connection";
    /// A saved view of a list.
    pub const VIEW: &str = "view";
    /// A channel on which people are told.
    pub const CHANNEL: &str = "channel";
    /// A rule of what they are told.
    pub const RULE: &str = "rule";
}

/// One entry to write.
#[derive(Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `None` = Signalbox itself, shown as "system".
    pub actor: Option<&'a Actor>,
    /// What was done.
    pub verb: Verb,
    /// To what kind of object: a word of [`object`].
    pub object_type: &'a str,
    /// To which one.
    pub object_id: &'a str,
    /// Its name at that time.
    pub object_name: &'a str,
    /// What differs, field by field.
    pub changes: Vec<Change>,
    /// Where the request came from; empty = not from a request.
    pub remote_addr: &'a str,
}

/// One entry as it is read.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; `None` = Signalbox itself, or a visitor who could not sign in.
    pub actor_id: Option<UserId>,
    /// Their name at that time.
    pub actor_name: String,
    /// What was done.
    pub verb: Verb,
    /// To what kind of object.
    pub object_type: String,
    /// To which one.
    pub object_id: String,
    /// Its name at that time.
    pub object_name: String,
    /// What differs.
    pub changes: Vec<Change>,
    /// Where the request came from.
    pub remote_addr: String,
}

/// Writes one entry.
///
/// # Errors
/// Those of the database.
pub async fn record_entry(conn: &mut Conn, entry: Entry<'_>) -> Result<()> {
    record_all(conn, &[entry]).await
}

/// Writes several entries, in their order.
///
/// # Errors
/// Those of the database.
pub async fn record_all(conn: &mut Conn, entries: &[Entry<'_>]) -> Result<()> {
    let values = |entry: &Entry<'_>| {
        (
            audit_log::at.eq(entry.at),
            audit_log::actor_id.eq(entry.actor.map(|actor| actor.id.0)),
            audit_log::actor_name
                .eq(entry.actor.map_or_else(|| "system".to_owned(), |a| a.username.clone())),
            audit_log::verb.eq(entry.verb.as_str()),
            audit_log::object_type.eq(entry.object_type.to_owned()),
            audit_log::object_id.eq(entry.object_id.to_owned()),
            audit_log::object_name.eq(entry.object_name.to_owned()),
            audit_log::changes.eq(serde_json::to_value(&entry.changes).unwrap_or_default()),
            audit_log::remote_addr.eq(entry.remote_addr.to_owned()),
        )
    };
    // A statement carries at most 65,535 values.
    for entries in entries.chunks(1_000) {
        let rows: Vec<_> = entries.iter().map(values).collect();
        diesel::insert_into(audit_log::table).values(rows).execute(conn).await?;
    }
    Ok(())
}

/// The newest entries, newest first; of one person, or of everybody. Sign-ins are left out: this
/// is the index page's "recent actions".
///
/// # Errors
/// Those of the database.
pub async fn recent_entries(
    conn: &mut Conn,
    actor: Option<UserId>,
    limit: i64,
) -> Result<Vec<Row>> {
    let quiet = [Verb::Login, Verb::Logout, Verb::LoginFailed].map(Verb::as_str);
    let mut query = audit_log::table
        .select(Stored::as_select())
        .filter(audit_log::verb.ne_all(quiet))
        .order(audit_log::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(actor) = actor {
        query = query.filter(audit_log::actor_id.eq(actor.0));
    }
    Ok(query.load(conn).await?.into_iter().map(Row::from).collect())
}

/// An object's history, newest first; `offset` entries are skipped.
///
/// # Errors
/// Those of the database.
pub async fn object_history(
    conn: &mut Conn,
    object_type: &str,
    object_id: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<Row>> {
    let rows = audit_log::table
        .select(Stored::as_select())
        .filter(audit_log::object_type.eq(object_type))
        .filter(audit_log::object_id.eq(object_id))
        .order(audit_log::id.desc())
        .offset(offset)
        .limit(limit)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

/// How many entries an object's history has.
///
/// # Errors
/// Those of the database.
pub async fn history_len(conn: &mut Conn, object_type: &str, object_id: &str) -> Result<i64> {
    Ok(audit_log::table
        .filter(audit_log::object_type.eq(object_type))
        .filter(audit_log::object_id.eq(object_id))
        .count()
        .get_result(conn)
        .await?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
struct Stored {
    id: i64,
    at: DateTime<Utc>,
    actor_id: Option<i64>,
    actor_name: String,
    verb: String,
    object_type: String,
    object_id: String,
    object_name: String,
    changes: serde_json::Value,
    remote_addr: String,
}

impl From<Stored> for Row {
    fn from(stored: Stored) -> Self {
        Self {
            id: stored.id,
            at: stored.at,
            actor_id: stored.actor_id.map(UserId),
            actor_name: stored.actor_name,
            // The constraint allows no other word.
            verb: Verb::parse(&stored.verb).unwrap_or(Verb::Change),
            object_type: stored.object_type,
            object_id: stored.object_id,
            object_name: stored.object_name,
            changes: serde_json::from_value(stored.changes).unwrap_or_default(),
            remote_addr: stored.remote_addr,
        }
    }
}
