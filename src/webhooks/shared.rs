//! Tokens that several webhooks share: one GitLab webhook sends all its events with one token, and
//! each of them may have a webhook of its own here.

use signalbox_core::credential::SIGNING_TOKEN;
use signalbox_core::ids::WebhookId;
use signalbox_core::seal::{Keys, open_sealed};
use signalbox_store::webhooks::{self, Tokens};
use signalbox_store::{Conn, StoreError};
use subtle::ConstantTimeEq;

/// Another webhook with one of a webhook's tokens, or with both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharer {
    /// Which one.
    pub id: WebhookId,
    /// What it is called.
    pub label: String,
    /// Whether it has the same secret token.
    pub secret: bool,
    /// Whether it has the same signing token.
    pub signing: bool,
}

/// The other webhooks with tokens of this one.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such webhook.
pub async fn find_sharers(
    conn: &mut Conn,
    keys: &Keys,
    id: WebhookId,
) -> Result<Vec<Sharer>, StoreError> {
    let own = webhooks::find_tokens(conn, id).await?;
    if own.secret_digest.is_none() && own.signing_token.is_none() {
        return Ok(Vec::new());
    }
    let similar = webhooks::list_similar_tokens(conn, &own).await?;
    Ok(compare_tokens(&own, &similar, keys))
}

fn compare_tokens(own: &Tokens, others: &[Tokens], keys: &Keys) -> Vec<Sharer> {
    let open = |sealed: &Option<Vec<u8>>| {
        sealed.as_ref().and_then(|sealed| open_sealed(&keys.seal, SIGNING_TOKEN, sealed).ok())
    };
    let signing = open(&own.signing_token);
    let to_sharer = |other: &Tokens| Sharer {
        id: WebhookId(other.id),
        label: other.label(),
        secret: other.secret_digest.is_some() && other.secret_digest == own.secret_digest,
        signing: signing
            .as_ref()
            .zip(open(&other.signing_token))
            .is_some_and(|(own, other)| own.ct_eq(&other).into()),
    };
    others.iter().map(to_sharer).filter(|sharer| sharer.secret || sharer.signing).collect()
}

/// Locks a webhook and those that share its tokens until the transaction ends, in the order that
/// all follow, and says which still share them then.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such webhook.
pub(super) async fn lock_sharers(
    conn: &mut Conn,
    keys: &Keys,
    id: WebhookId,
) -> Result<Vec<Sharer>, StoreError> {
    let seen = find_sharers(conn, keys, id).await?;
    let locked: Vec<WebhookId> = std::iter::once(id).chain(seen.iter().map(|s| s.id)).collect();
    webhooks::find_many_for_update(conn, &locked).await?;
    let mut sharers = find_sharers(conn, keys, id).await?;
    sharers.retain(|sharer| locked.contains(&sharer.id));
    Ok(sharers)
}
