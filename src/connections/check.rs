//! Asks an instance what it is, and what the token is and may do.

use super::client::open_client;
use crate::clock;
use signalbox_core::seal::Keys;
use signalbox_gitlab::ApiFailure;
use signalbox_store::gitlab::{self, Connection, Learned};
use signalbox_store::{Pool, Result};

/// Asks, and notes the answer.
///
/// # Errors
/// Those of the database.
pub async fn check_connection(
    pool: &Pool,
    keys: &Keys,
    connection: &Connection,
) -> Result<std::result::Result<Learned, ApiFailure>> {
    let learned = learn_facts(pool, keys, connection).await;
    let mut conn = pool.get_conn().await?;
    match &learned {
        Ok(learned) => {
            gitlab::note_learned(&mut conn, connection.id, learned, clock::now()).await?;
        }
        Err(failure) => {
            gitlab::note_failure(&mut conn, connection.id, &failure.to_stored(), clock::now())
                .await?;
        }
    }
    Ok(learned)
}

async fn learn_facts(
    pool: &Pool,
    keys: &Keys,
    connection: &Connection,
) -> std::result::Result<Learned, ApiFailure> {
    let client = open_client(pool, keys, connection)?;
    let token = client.fetch_token().await?;
    // A token that may do only one thing may not say whose it is.
    let owner = client.fetch_user().await.map(|user| user.username).unwrap_or_default();
    let version = client.fetch_instance().await.map(|it| it.version).unwrap_or_default();
    Ok(Learned {
        gitlab_version: version,
        token_name: token.name,
        token_owner: owner,
        token_scopes: token.scopes.join(" "),
        token_expires_on: token.expires_at,
    })
}
