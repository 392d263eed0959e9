//! The table of connections.

use crate::schema::gitlab_connections;
use crate::search::{Condition, CountOf, contains_pattern};
use crate::{Conn, Result, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, Part, Total};

/// A connection; its token is left out where it is serialised.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = gitlab_connections, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Connection {
    pub id: i64,
    pub name: String,
    pub base_url: String,
    #[serde(skip)]
    pub token: Vec<u8>,
    #[serde(skip)]
    pub ca_pem: String,
    pub allow_private_network: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub checked_at: Option<DateTime<Utc>>,
    pub failure: Option<Value>,
    pub gitlab_version: String,
    pub token_name: String,
    pub token_owner: String,
    pub token_scopes: String,
    pub token_expires_on: Option<NaiveDate>,
}

/// What a person says of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = gitlab_connections)]
pub struct ConnectionValues<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The instance's address, with a slash at its end.
    pub base_url: &'a str,
    /// Certificates in PEM that are believed; empty = this machine's.
    pub ca_pem: &'a str,
    /// Whether it may be in a private network.
    pub allow_private_network: bool,
    /// The sealed token; none keeps it.
    pub token: Option<Vec<u8>>,
}

/// What GitLab said of itself and the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = gitlab_connections)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Learned {
    pub gitlab_version: String,
    pub token_name: String,
    pub token_owner: String,
    pub token_scopes: String,
    #[diesel(treat_none_as_null = true)]
    pub token_expires_on: Option<NaiveDate>,
}

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns' names")]
pub enum ConnectionSort {
    Name,
    Checked,
    Expires,
}

/// The list is short: it is not narrowed.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter;

/// Every connection, by its name.
///
/// # Errors
/// Those of the database.
pub async fn list_all_connections(conn: &mut Conn) -> Result<Vec<Connection>> {
    Ok(gitlab_connections::table
        .order((gitlab_connections::name, gitlab_connections::id))
        .select(Connection::as_select())
        .load(conn)
        .await?)
}

/// A connection.
///
/// # Errors
/// [`StoreError::NotFound`], and those of the database.
pub async fn find_connection(conn: &mut Conn, id: i64) -> Result<Connection> {
    Ok(gitlab_connections::table.find(id).select(Connection::as_select()).first(conn).await?)
}

/// Adds a connection.
///
/// # Errors
/// [`StoreError::Constraint`] `gitlab_connections_base_url_key` if there is one of this address.
pub async fn insert_connection(
    conn: &mut Conn,
    values: &ConnectionValues<'_>,
    now: DateTime<Utc>,
) -> Result<Connection> {
    Ok(diesel::insert_into(gitlab_connections::table)
        .values((
            values,
            gitlab_connections::created_at.eq(now),
            gitlab_connections::updated_at.eq(now),
        ))
        .returning(Connection::as_returning())
        .get_result(conn)
        .await?)
}

/// Changes a connection, which had this version when its form was opened.
///
/// # Errors
/// [`StoreError::Stale`], and as [`insert_connection`].
pub async fn update_connection(
    conn: &mut Conn,
    (id, version): (i64, i32),
    values: &ConnectionValues<'_>,
    now: DateTime<Utc>,
) -> Result<Connection> {
    let same = gitlab_connections::table.find(id).filter(gitlab_connections::version.eq(version));
    diesel::update(same)
        .set((
            values,
            gitlab_connections::version.eq(gitlab_connections::version + 1),
            gitlab_connections::updated_at.eq(now),
        ))
        .returning(Connection::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::Stale)
}

/// Deletes a connection, with its calls and what is known of GitLab's webhooks.
///
/// # Errors
/// [`StoreError::NotFound`], and those of the database.
pub async fn delete_connection(conn: &mut Conn, id: i64) -> Result<Connection> {
    diesel::delete(gitlab_connections::table.find(id))
        .returning(Connection::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::NotFound)
}

/// The connections that were not looked at since then, which are looked at from now on: another
/// process finds none of them due.
///
/// # Errors
/// Those of the database.
pub async fn claim_due_connections(
    conn: &mut Conn,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Connection>> {
    let is_due = gitlab_connections::checked_at
        .is_null()
        .or(gitlab_connections::checked_at.assume_not_null().lt(since));
    Ok(diesel::update(gitlab_connections::table.filter(is_due))
        .set(gitlab_connections::checked_at.eq(now))
        .returning(Connection::as_returning())
        .get_results(conn)
        .await?)
}

/// Notes what GitLab said.
///
/// # Errors
/// Those of the database.
pub async fn note_learned(
    conn: &mut Conn,
    id: i64,
    learned: &Learned,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(gitlab_connections::table.find(id))
        .set((
            learned,
            gitlab_connections::checked_at.eq(now),
            gitlab_connections::failure.eq(None::<Value>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes why GitLab did not say.
///
/// # Errors
/// Those of the database.
pub async fn note_failure(
    conn: &mut Conn,
    id: i64,
    failure: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(gitlab_connections::table.find(id))
        .set((gitlab_connections::checked_at.eq(now), gitlab_connections::failure.eq(failure)))
        .execute(conn)
        .await?;
    Ok(())
}

fn list_condition(
    query: &ListQuery<ConnectionSort, ConnectionFilter>,
) -> Condition<gitlab_connections::table> {
    let mut all: Condition<gitlab_connections::table> =
        Box::new(gitlab_connections::id.is_not_null());
    for term in &query.terms {
        let pattern = contains_pattern(term);
        let found = gitlab_connections::name
            .ilike(pattern.clone())
            .or(gitlab_connections::base_url.ilike(pattern));
        all = Box::new(all.and(found));
    }
    all
}

/// The connections that a list asks for.
///
/// # Errors
/// Those of the database.
pub async fn list_connections(
    conn: &mut Conn,
    query: &ListQuery<ConnectionSort, ConnectionFilter>,
) -> Result<Page<Connection>> {
    use gitlab_connections::{checked_at, id, name, table, token_expires_on};
    let counted = table.select(id).filter(list_condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let page = if let Part::Numbered(page) = query.part { page } else { 1 };
    let mut rows = table.select(Connection::as_select()).filter(list_condition(query)).into_boxed();
    for (sort, direction) in &query.order {
        let ascending = *direction == Direction::Ascending;
        rows = match (sort, ascending) {
            (ConnectionSort::Name, true) => rows.then_order_by(name.asc()),
            (ConnectionSort::Name, false) => rows.then_order_by(name.desc()),
            (ConnectionSort::Checked, true) => rows.then_order_by(checked_at.asc().nulls_first()),
            (ConnectionSort::Checked, false) => rows.then_order_by(checked_at.desc().nulls_last()),
            (ConnectionSort::Expires, true) => {
                rows.then_order_by(token_expires_on.asc().nulls_last())
            }
            (ConnectionSort::Expires, false) => {
                rows.then_order_by(token_expires_on.desc().nulls_first())
            }
        };
    }
    let rows = rows
        .then_order_by(id.asc())
        .offset((page - 1).saturating_mul(query.limit))
        .limit(query.limit.saturating_add(1))
        .load(conn)
        .await?;
    Ok(Page::cut_page(rows, &query.part, query.limit, Total::from_capped(matching)))
}

/// How many connections there are.
///
/// # Errors
/// Those of the database.
pub async fn count_connections(conn: &mut Conn) -> Result<Counts> {
    let all = gitlab_connections::table.count().get_result(conn).await?;
    Ok(Counts { all: Some(Total::Exactly(all)), choices: Vec::new() })
}
