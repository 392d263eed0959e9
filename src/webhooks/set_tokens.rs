//! Gives a webhook another secret token and the signing token beside it, while those before stay valid
//! for some days.

use super::save::log_webhook;
use super::secrets::{New, is_stored, rotate_secrets};
use super::{Act, SaveError};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::credential::{SIGNING_TOKEN, SigningKey};
use signalbox_core::ids::WebhookId;
use signalbox_core::seal::{Keys, hmac_sha256, seal_bytes};
use signalbox_store::Conn;
use signalbox_store::audit::Verb;
use signalbox_store::webhooks::{self, Row};

/// The signing token that a webhook has beside a secret token, here and in GitLab.
pub fn signing_token_beside(keys: &Keys, token: &SecretString) -> SecretString {
    SigningKey::token_beside(&keys.token_digest, token.expose_secret()).into()
}

/// Sets a webhook's secret token and the signing token beside it, in the caller's transaction. What it has
/// already does not change.
///
/// # Errors
/// [`SaveError::Gone`] when there is no such webhook; the database.
pub async fn set_tokens(
    conn: &mut Conn,
    act: &Act<'_>,
    id: WebhookId,
    token: &SecretString,
    keep_days: i64,
) -> Result<Row, SaveError> {
    let before = webhooks::find_for_update(conn, id).await?;
    let stored = webhooks::find_tokens(conn, id).await?;
    let is_new = |token: &SecretString, stored: Option<&[u8]>| {
        !stored.is_some_and(|stored| is_stored(token, stored, act.keys))
    };
    let signing = signing_token_beside(act.keys, token);
    let digest = is_new(token, stored.secret_digest.as_deref())
        .then(|| hmac_sha256(&act.keys.token_digest, token.expose_secret().as_bytes()).to_vec());
    let sealed = if is_new(&signing, stored.signing_token.as_deref()) {
        let plain = signing.expose_secret().as_bytes();
        Some(seal_bytes(&act.keys.seal, act.nonce, SIGNING_TOKEN, plain)?)
    } else {
        None
    };
    if digest.is_none() && sealed.is_none() {
        return Ok(before);
    }
    let new = New::of_tokens(digest, sealed, act.now + chrono::TimeDelta::days(keep_days));
    let written = rotate_secrets(&new, stored, act);
    let after = webhooks::write_tokens(conn, id, &written, act.now).await?;
    log_webhook(conn, act, Verb::Change, &after, new.list_changes()).await?;
    Ok(after)
}
