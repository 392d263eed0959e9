//! Gives a webhook another secret token, while the one before stays valid for some days.

use super::save::log_webhook;
use super::secrets::{New, rotate_secrets};
use super::{Act, SaveError};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::ids::WebhookId;
use signalbox_core::seal::hmac_sha256;
use signalbox_store::Conn;
use signalbox_store::audit::Verb;
use signalbox_store::webhooks::{self, Row};

/// Sets a webhook's secret token, in the caller's transaction. One that it has already changes nothing.
///
/// # Errors
/// [`SaveError::Gone`] when there is no such webhook; the database.
pub async fn set_secret_token(
    conn: &mut Conn,
    act: &Act<'_>,
    id: WebhookId,
    token: &SecretString,
    keep_days: i64,
) -> Result<Row, SaveError> {
    let before = webhooks::find_for_update(conn, id).await?;
    let stored = webhooks::find_tokens(conn, id).await?;
    let digest = hmac_sha256(&act.keys.token_digest, token.expose_secret().as_bytes()).to_vec();
    if stored.secret_digest.as_ref() == Some(&digest) {
        return Ok(before);
    }
    let new = New::of_secret_token(digest, act.now + chrono::TimeDelta::days(keep_days));
    let written = rotate_secrets(&new, stored, act);
    let after = webhooks::write_tokens(conn, id, &written, act.now).await?;
    log_webhook(conn, act, Verb::Change, &after, new.list_changes()).await?;
    Ok(after)
}
