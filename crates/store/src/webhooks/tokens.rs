//! A webhook's two tokens in their stored forms, and which webhooks have them.

use super::Row;
use crate::schema::webhooks;
use crate::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::WebhookId;

/// Most webhooks that are offered for taking over their tokens.
const MOST_HOLDERS: i64 = 200;

/// The stored forms of a webhook's secrets, as they are written.
#[derive(Debug, Clone, Default, Insertable, AsChangeset)]
#[diesel(table_name = webhooks)]
pub struct Secrets {
    /// The keyed digest of the secret token: `None` keeps it, `Some(None)` removes it.
    pub secret_digest: Option<Option<Vec<u8>>>,
    /// The sealed signing token, likewise.
    pub signing_token: Option<Option<Vec<u8>>>,
    /// The digest before, likewise.
    pub previous_secret_digest: Option<Option<Vec<u8>>>,
    /// Until when that one counts.
    pub previous_secret_until: Option<Option<DateTime<Utc>>>,
    /// The sealed signing token before, likewise.
    pub previous_signing_token: Option<Option<Vec<u8>>>,
    /// Until when that one counts.
    pub previous_signing_until: Option<Option<DateTime<Utc>>>,
}

/// A webhook's tokens in their stored forms, as they are read.
#[derive(Debug, Clone, Default, Queryable, Selectable)]
#[diesel(table_name = webhooks, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Tokens {
    pub id: i64,
    pub name: String,
    pub repo_name: String,
    pub object_kind: String,
    pub secret_digest: Option<Vec<u8>>,
    pub signing_token: Option<Vec<u8>>,
    pub previous_secret_digest: Option<Vec<u8>>,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub previous_signing_token: Option<Vec<u8>>,
    pub previous_signing_until: Option<DateTime<Utc>>,
}

impl Tokens {
    /// What their webhook is called.
    pub fn label(&self) -> String {
        signalbox_core::webhook::webhook_label(&self.name, &self.repo_name, &self.object_kind)
    }
}

impl From<Tokens> for Secrets {
    /// The same tokens, for another webhook.
    fn from(tokens: Tokens) -> Self {
        Self {
            secret_digest: Some(tokens.secret_digest),
            signing_token: Some(tokens.signing_token),
            previous_secret_digest: Some(tokens.previous_secret_digest),
            previous_secret_until: Some(tokens.previous_secret_until),
            previous_signing_token: Some(tokens.previous_signing_token),
            previous_signing_until: Some(tokens.previous_signing_until),
        }
    }
}

/// A webhook's tokens.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such webhook.
pub async fn find_tokens(conn: &mut Conn, id: WebhookId) -> Result<Tokens> {
    Ok(webhooks::table.find(id.0).select(Tokens::as_select()).first(conn).await?)
}

/// The tokens of other webhooks that have the same secret token, or any signing token where this one
/// has one: sealed, equal ones do not look equal.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_similar_tokens(conn: &mut Conn, of: &Tokens) -> Result<Vec<Tokens>> {
    let secret: Vec<&[u8]> = of.secret_digest.as_deref().into_iter().collect();
    let has_secret = webhooks::secret_digest.eq_any(secret).assume_not_null();
    let signs = of.signing_token.is_some().into_sql::<diesel::sql_types::Bool>();
    Ok(webhooks::table
        .filter(webhooks::id.ne(of.id))
        .filter(has_secret.or(webhooks::signing_token.is_not_null().and(signs)))
        .order(webhooks::id)
        .select(Tokens::as_select())
        .load(conn)
        .await?)
}

/// Webhooks with a token: this one first, then those of this repository.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_token_holders(
    conn: &mut Conn,
    first: Option<WebhookId>,
    repo_name: &str,
) -> Result<Vec<Row>> {
    let is_first = webhooks::id.eq(first.map_or(0, |id| id.0)).desc();
    let has_token = webhooks::secret_digest.is_not_null().or(webhooks::signing_token.is_not_null());
    Ok(webhooks::table
        .filter(has_token)
        .order((
            is_first,
            webhooks::repo_name.eq(repo_name).desc(),
            webhooks::repo_name,
            webhooks::id,
        ))
        .limit(MOST_HOLDERS)
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// Gives a webhook other tokens: it is one version further, so that an open form notices.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such webhook.
pub async fn write_tokens(
    conn: &mut Conn,
    id: WebhookId,
    secrets: &Secrets,
    now: DateTime<Utc>,
) -> Result<Row> {
    diesel::update(webhooks::table.find(id.0))
        .set((secrets, webhooks::version.eq(webhooks::version + 1), webhooks::updated_at.eq(now)))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::NotFound)
}
