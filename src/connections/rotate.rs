//! Other tokens for a webhook in GitLab and the webhooks here that it serves. Those before stay valid here
//! for some days, so that nothing is refused while GitLab changes over, and what GitLab sent before can be
//! sent again.

use super::client::open_client;
use super::setup::{KEEP_DAYS, SetupError, seal_token, write_hook};
use crate::clock;
use crate::webhooks::{self, Act};
use secrecy::SecretString;
use signalbox_core::ids::WebhookId;
use signalbox_store::gitlab::{self, Connection, Hook};
use signalbox_store::{Conn, Pool, run_transaction};

/// Gives both ends other tokens: ours first, then GitLab, which a check does if this does not come to it.
///
/// # Errors
/// What GitLab says; the database.
pub async fn rotate_tokens(
    pool: &Pool,
    act: &Act<'_>,
    connection: &Connection,
    hook: &Hook,
) -> Result<(), SetupError> {
    let token = SecretString::from(clock::secret_text());
    let sealed = seal_token(act.keys, &token)?;
    let mut conn = pool.get_conn().await?;
    run_transaction::<_, SetupError, _>(&mut conn, async |conn: &mut Conn| {
        gitlab::set_hook_token(conn, hook.id, &sealed).await?;
        for row in gitlab::hook_webhooks(conn, hook.id).await? {
            webhooks::set_tokens(conn, act, WebhookId(row.id), &token, KEEP_DAYS).await?;
        }
        Ok(())
    })
    .await?;
    drop(conn);
    let client = open_client(pool, act.keys, connection)?;
    write_hook(pool, act.keys, &client, hook.id, false).await?;
    Ok(())
}
