//! Views of lists that people keep by a name, for themselves or for everybody, and their choice of
//! columns. Each change is one transaction with its audit entry.
//!
//! Everybody's views belong to nobody: whoever may share can change them, and they outlive the
//! account that made them. One's own go with the account.

use chrono::{DateTime, Utc};
use signalbox_core::actor::Actor;
use signalbox_core::change::{Snapshot, Value, diff_snapshots};
use signalbox_core::role::Permission;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::saved_views::{self, Columns, Values, View};
use signalbox_store::{Conn, StoreError, run_transaction};

/// The most characters of a view's name.
pub const MAX_NAME_CHARS: usize = 60;
/// The most bytes of a view's query.
pub const MAX_QUERY_BYTES: usize = 2000;
/// The most views that one person has, and that everybody has.
pub const MAX_VIEWS: i64 = 30;
/// What saving a view for everybody asks for.
pub const SHARING: Permission = Permission::Operate;

/// Why a view was not saved.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The name is empty, too long or cannot be read.
    #[error("{0}")]
    BadName(&'static str),
    /// Its owner has one of this name for this list.
    #[error("There is already a view with this name for this list.")]
    NameTaken,
    /// The search and filters are too long to keep.
    #[error("This search is too long to be saved.")]
    TooLong,
    /// Its owner has as many as one may have.
    #[error("There are already 30 views, the most there can be. Delete one first.")]
    TooMany,
    /// It is for everybody, and this person may not share.
    #[error("Only operators and administrators save views for everybody.")]
    MayNotShare,
    /// The database failed, or somebody else changed it first.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who asks, when and from where.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// When.
    pub at: DateTime<Utc>,
    /// From where.
    pub remote_addr: &'a str,
}

/// A name without blanks around it, if it may be one.
///
/// # Errors
/// [`ViewError::BadName`] with what is wrong.
pub fn clean_name(name: &str) -> Result<&str, ViewError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ViewError::BadName("Enter a name."));
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(ViewError::BadName("Use at most 60 characters."));
    }
    if name.chars().any(char::is_control) {
        return Err(ViewError::BadName("Use no line breaks or other control characters."));
    }
    Ok(name)
}

/// Whether this person may change a view that they see.
#[must_use]
pub fn may_change(actor: &Actor, view: &View) -> bool {
    view.owner_id.is_some() || actor.may(SHARING)
}

fn check_values(by: By<'_>, values: &Values) -> Result<(), ViewError> {
    clean_name(&values.name)?;
    if values.query.len() > MAX_QUERY_BYTES {
        return Err(ViewError::TooLong);
    }
    match values.owner_id {
        None if !by.actor.may(SHARING) => Err(ViewError::MayNotShare),
        _ => Ok(()),
    }
}

/// Adds a view.
///
/// # Errors
/// What is wrong with it; the database.
pub async fn add_view(conn: &mut Conn, by: By<'_>, values: &Values) -> Result<i64, ViewError> {
    check_values(by, values)?;
    run_transaction(conn, async |conn: &mut Conn| {
        leave_room(conn, values.owner_id).await?;
        let id = saved_views::insert_view(conn, values, by.at).await.map_err(name_taken)?;
        log_view(conn, by, (Verb::Add, id), (None, Some(values))).await?;
        Ok(id)
    })
    .await
}

/// Changes a view, which had this version when its form was opened.
///
/// # Errors
/// What is wrong with it; stale; gone; the database.
pub async fn change_view(
    conn: &mut Conn,
    by: By<'_>,
    (id, version): (i64, i32),
    values: &Values,
) -> Result<(), ViewError> {
    check_values(by, values)?;
    run_transaction(conn, async |conn: &mut Conn| {
        let before = find_changeable(conn, by.actor, id).await?.into_values();
        if before == *values {
            return Ok(());
        }
        if before.owner_id != values.owner_id {
            leave_room(conn, values.owner_id).await?;
        }
        saved_views::update_view(conn, id, version, values).await.map_err(name_taken)?;
        Ok(log_view(conn, by, (Verb::Change, id), (Some(&before), Some(values))).await?)
    })
    .await
}

/// Deletes a view; answers its name.
///
/// # Errors
/// It is gone, or not this person's to delete; the database.
pub async fn delete_view(conn: &mut Conn, by: By<'_>, id: i64) -> Result<String, ViewError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = find_changeable(conn, by.actor, id).await?.into_values();
        saved_views::delete_view(conn, id).await?;
        log_view(conn, by, (Verb::Delete, id), (Some(&before), None)).await?;
        Ok(before.name)
    })
    .await
}

/// Keeps the columns of a list: this person's own choice, or those of a view. Empty = the list's own.
///
/// # Errors
/// The view is gone, or not this person's to change; the database.
pub async fn choose_columns(
    conn: &mut Conn,
    by: By<'_>,
    view: Option<i64>,
    chosen: Columns,
) -> Result<(), ViewError> {
    let Some(id) = view else {
        return Ok(saved_views::set_columns(conn, by.actor.id, &chosen).await?);
    };
    let view = find_changeable(conn, by.actor, id).await?;
    let version = view.version;
    change_view(conn, by, (id, version), &Values { columns: chosen.columns, ..view.into_values() })
        .await
}

/// A view that this person may change: what they do not see is not there.
async fn find_changeable(conn: &mut Conn, actor: &Actor, id: i64) -> Result<View, ViewError> {
    let view = saved_views::find_view(conn, id, actor.id).await?;
    if may_change(actor, &view) { Ok(view) } else { Err(ViewError::MayNotShare) }
}

async fn leave_room(conn: &mut Conn, owner: Option<i64>) -> Result<(), ViewError> {
    let count = saved_views::count_views(conn, owner).await?;
    if count < MAX_VIEWS { Ok(()) } else { Err(ViewError::TooMany) }
}

fn name_taken(error: StoreError) -> ViewError {
    match error {
        StoreError::Constraint(broken) if broken == "saved_views_name_key" => ViewError::NameTaken,
        error => error.into(),
    }
}

fn snapshot(values: &Values) -> Snapshot {
    Snapshot::from([
        ("view_name", Value::Text(values.name.clone())),
        ("list", Value::Text(values.list.clone())),
        ("query", Value::Text(values.query.clone())),
        ("columns", Value::Text(values.columns.clone())),
        ("for_everybody", Value::Bool(values.owner_id.is_none())),
    ])
}

async fn log_view(
    conn: &mut Conn,
    by: By<'_>,
    (verb, id): (Verb, i64),
    (before, after): (Option<&Values>, Option<&Values>),
) -> Result<(), StoreError> {
    let (old, new) = (before.map(snapshot), after.map(snapshot));
    let entry = Entry {
        at: by.at,
        actor: Some(by.actor),
        verb,
        object_type: object::VIEW,
        object_id: &id.to_string(),
        object_name: after.or(before).map_or("", |values| &values.name),
        changes: diff_snapshots(old.as_ref(), new.as_ref()),
        remote_addr: by.remote_addr,
    };
    audit::record_entry(conn, entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_any_letters_but_no_line_breaks() {
        assert_eq!(clean_name("  生产环境 · “Müller” ✕ 🚂 ").unwrap(), "生产环境 · “Müller” ✕ 🚂");
        assert_eq!(clean_name(&"号".repeat(60)).unwrap().chars().count(), 60);
        for bad in ["", " \t ", "a\nb", "a\u{0}b", &"x".repeat(61)] {
            assert!(matches!(clean_name(bad), Err(ViewError::BadName(_))), "{bad:?}");
        }
    }
}
