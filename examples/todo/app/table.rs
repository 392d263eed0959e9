//! The table: its rows, and the few statements over it. Knows nothing of pages.

use signalbox::web::admin::kit::resource::Loaded;
use signalbox_core::listing::{Direction, ListQuery, Page, Part, Total};
use tokio_postgres::{Client, NoTls};

/// A row.
#[derive(Debug, serde::Serialize)]
pub struct Todo {
    pub id: i64,
    pub text: String,
    pub done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Text,
}

#[derive(Debug, Default)]
pub struct Filter {
    pub done: Option<bool>,
}

/// Why the table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TodoError {
    #[error("no such to-do")]
    Missing,
    #[error("changed in the meantime")]
    Stale,
    #[error("the database: {0}")]
    Database(#[from] tokio_postgres::Error),
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS todo (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL,
    done boolean NOT NULL DEFAULT false, version integer NOT NULL DEFAULT 1, form text UNIQUE)";

pub async fn connect(url: &str) -> Result<Client, TodoError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    actix_web::rt::spawn(connection);
    Ok(client)
}

pub async fn list(conn: &Client, query: &ListQuery<Sort, Filter>) -> Result<Page<Todo>, TodoError> {
    let escaped =
        |term: &String| term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let terms: Vec<_> = query.terms.iter().map(|term| format!("%{}%", escaped(term))).collect();
    let turned = matches!(query.order.first(), Some((Sort::Text, Direction::Descending)));
    let order = if turned { "text DESC, id DESC" } else { "text, id" };
    let page = if let Part::Numbered(page) = query.part { page } else { 1 };
    let sql = format!(
        "SELECT id, text, done, count(*) OVER () FROM todo
         WHERE text ILIKE ALL ($1) AND ($2::boolean IS NULL OR done = $2)
         ORDER BY {order} LIMIT $3 OFFSET $4"
    );
    let skipped = (page - 1).saturating_mul(query.limit);
    let found =
        conn.query(&sql, &[&terms, &query.filter.done, &(query.limit + 1), &skipped]).await?;
    let matching = found.first().map_or(0, |row| row.get(3));
    let rows = found.iter().map(|row| Todo { id: row.get(0), text: row.get(1), done: row.get(2) });
    Ok(Page::cut_page(rows.collect(), &query.part, query.limit, Total::Exactly(matching)))
}

pub async fn find(conn: &Client, id: &str) -> Result<(Todo, i32), TodoError> {
    let id: i64 = id.parse().map_err(|_| TodoError::Missing)?;
    let sql = "SELECT text, done, version FROM todo WHERE id = $1";
    let row = conn.query_opt(sql, &[&id]).await?.ok_or(TodoError::Missing)?;
    Ok((Todo { id, text: row.get(0), done: row.get(1) }, row.get(2)))
}

/// Adds one; none if this form has added one before.
pub async fn add(conn: &Client, text: &str, form: &str) -> Result<Option<i64>, TodoError> {
    let form = Some(form).filter(|form| !form.is_empty());
    let sql = "INSERT INTO todo (text, form) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id";
    Ok(conn.query_opt(sql, &[&text, &form]).await?.map(|row| row.get(0)))
}

pub async fn change(conn: &Client, was: &Loaded, text: &str, done: bool) -> Result<i64, TodoError> {
    let id = find(conn, &was.id).await?.0.id;
    let sql = "UPDATE todo SET text = $1, done = $2, version = version + 1
               WHERE id = $3 AND version = $4";
    match conn.execute(sql, &[&text, &done, &id, &was.version]).await? {
        0 => Err(TodoError::Stale),
        _ => Ok(id),
    }
}

pub async fn count(conn: &Client) -> Result<i64, TodoError> {
    Ok(conn.query_one("SELECT count(*) FROM todo", &[]).await?.get(0))
}

/// Deletes one; answers its text.
pub async fn delete(conn: &Client, id: &str) -> Result<String, TodoError> {
    let (todo, _) = find(conn, id).await?;
    conn.execute("DELETE FROM todo WHERE id = $1", &[&todo.id]).await?;
    Ok(todo.text)
}

/// Marks them as done; answers how many were not.
pub async fn mark_done(conn: &Client, ids: &[String]) -> Result<usize, TodoError> {
    let ids: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let sql = "UPDATE todo SET done = true, version = version + 1 WHERE id = ANY ($1) AND NOT done";
    Ok(usize::try_from(conn.execute(sql, &[&ids]).await?).unwrap_or(usize::MAX))
}

/// Makes the table where there is none.
///
/// # Errors
/// The database is away.
pub async fn prepare(url: &str) -> Result<(), TodoError> {
    Ok(connect(url).await?.batch_execute(TABLE).await?)
}
