//! What people keep of lists: views by a name, for themselves or for everybody, and their choice of
//! columns. What a name may be, and who may change what is everybody's: `signalbox::accounts::views`.

use super::schema::{list_columns, saved_views};
use super::users::lower;
use super::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::UserId;

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = saved_views)]
pub struct View {
    /// Its id.
    pub id: i64,
    /// Whose it is; none = everybody's.
    pub owner_id: Option<i64>,
    /// The list.
    pub list: String,
    /// What it is called.
    pub name: String,
    /// The list's query, without its question mark.
    pub query: String,
    /// Keys of columns with commas between them; empty = those that the list has by itself.
    #[diesel(column_name = column_keys)]
    pub columns: String,
    /// How often it was changed.
    pub version: i32,
}

/// What a view is to be.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = saved_views, treat_none_as_null = true)]
pub struct Values {
    /// Whose it is; none = everybody's.
    pub owner_id: Option<i64>,
    /// The list.
    pub list: String,
    /// What it is called.
    pub name: String,
    /// The list's query.
    pub query: String,
    /// Its columns.
    #[diesel(column_name = column_keys)]
    pub columns: String,
}

impl View {
    /// What it is.
    #[must_use]
    pub fn into_values(self) -> Values {
        let Self { owner_id, list, name, query, columns, .. } = self;
        Values { owner_id, list, name, query, columns }
    }
}

/// The columns that a person chose for a list.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = list_columns)]
pub struct Columns {
    /// The list.
    pub list: String,
    /// Their keys, with commas between them.
    #[diesel(column_name = column_keys)]
    pub columns: String,
}

/// Every view that a person sees, by its name: theirs, and everybody's.
///
/// # Errors
/// Those of the database.
pub async fn list_views(mut conn: &Conn, user: UserId) -> Result<Vec<View>> {
    let seen = saved_views::owner_id.is_null().or(saved_views::owner_id.eq(user.0));
    Ok(saved_views::table
        .filter(seen)
        .order((lower(saved_views::name), saved_views::id))
        .select(View::as_select())
        .load(&mut conn)
        .await?)
}

/// A view that a person sees.
///
/// # Errors
/// [`StoreError::NotFound`], and those of the database.
pub async fn find_view(conn: &mut Conn, id: i64, user: UserId) -> Result<View> {
    let seen = saved_views::owner_id.is_null().or(saved_views::owner_id.eq(user.0));
    Ok(saved_views::table.find(id).filter(seen).select(View::as_select()).first(conn).await?)
}

/// How many views an owner has; of nobody, how many are everybody's.
///
/// # Errors
/// Those of the database.
pub async fn count_views(conn: &mut Conn, owner: Option<i64>) -> Result<i64> {
    let count = saved_views::table.count();
    Ok(match owner {
        Some(owner) => count.filter(saved_views::owner_id.eq(owner)).get_result(conn).await?,
        None => count.filter(saved_views::owner_id.is_null()).get_result(conn).await?,
    })
}

/// Adds a view.
///
/// # Errors
/// [`StoreError::Constraint`] `saved_views_name_key` if its owner has one of this name.
pub async fn insert_view(conn: &mut Conn, values: &Values, now: DateTime<Utc>) -> Result<i64> {
    Ok(diesel::insert_into(saved_views::table)
        .values((values, saved_views::created_at.eq(now)))
        .returning(saved_views::id)
        .get_result(conn)
        .await?)
}

/// Changes a view that still has this version.
///
/// # Errors
/// [`StoreError::Stale`] when it has another one; those of [`insert_view`].
pub async fn update_view(conn: &mut Conn, id: i64, version: i32, values: &Values) -> Result<()> {
    let changed =
        diesel::update(saved_views::table.find(id).filter(saved_views::version.eq(version)))
            .set((values, saved_views::version.eq(version + 1)))
            .execute(conn)
            .await?;
    if changed == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

/// Deletes a view.
///
/// # Errors
/// Those of the database.
pub async fn delete_view(conn: &mut Conn, id: i64) -> Result<()> {
    diesel::delete(saved_views::table.find(id)).execute(conn).await?;
    Ok(())
}

/// The columns that a person chose, of every list where they did.
///
/// # Errors
/// Those of the database.
pub async fn chosen_columns(mut conn: &Conn, user: UserId) -> Result<Vec<Columns>> {
    Ok(list_columns::table
        .filter(list_columns::user_id.eq(user.0))
        .select(Columns::as_select())
        .load(&mut conn)
        .await?)
}

/// Keeps a person's choice of columns; empty = forgets it.
///
/// # Errors
/// Those of the database.
pub async fn set_columns(conn: &mut Conn, user: UserId, chosen: &Columns) -> Result<()> {
    if chosen.columns.is_empty() {
        diesel::delete(list_columns::table.find((user.0, &chosen.list))).execute(conn).await?;
        return Ok(());
    }
    diesel::insert_into(list_columns::table)
        .values((
            list_columns::user_id.eq(user.0),
            list_columns::list.eq(&chosen.list),
            list_columns::column_keys.eq(&chosen.columns),
        ))
        .on_conflict((list_columns::user_id, list_columns::list))
        .do_update()
        .set(list_columns::column_keys.eq(&chosen.columns))
        .execute(conn)
        .await?;
    Ok(())
}
