//! actix-session's store, over `signalbox_store::sessions`.
//!
//! The cookie holds a random key; the table holds its SHA-256. A session that was ended elsewhere
//! (log-out, a changed password) is never made anew by a request that was under way meanwhile.

use crate::clock;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use signalbox_core::ids::UserId;
use signalbox_store::{Pool, StoreError, sessions};
use std::collections::HashMap;

/// How long a session lives without being used.
pub const IDLE: Duration = Duration::weeks(2);

/// The session's entry for the account.
pub const USER: &str = "user_id";

/// The session's entry for the secret of its forms.
pub const CSRF: &str = "csrf";

/// The session's entry for when its life was last prolonged.
pub const SEEN: &str = "seen";

/// The session's entry for what it is called in pages and forms; opens nothing.
pub const REFERENCE: &str = "reference";

/// The session's entry for the address it was begun from.
pub const ADDRESS: &str = "address";

/// The session's entry for what the browser that began it calls itself.
pub const AGENT: &str = "agent";

/// The session's entry for when its person last typed their password.
pub const CONFIRMED: &str = "confirmed";

/// Stands alone in a session that could not be read: `middleware::authenticate` then answers
/// 503. (An error here would leave actix-session as an empty 500.)
pub const AWAY: &str = "away";

type State = HashMap<String, String>;

/// Sessions in PostgreSQL.
#[derive(Clone)]
pub struct PgSessions {
    pool: Pool,
}

impl PgSessions {
    /// Over this pool.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn read_session(&self, key: &SessionKey) -> Result<Option<String>, StoreError> {
        sessions::load_session(&mut *self.pool.get_conn().await?, &key_digest(key), clock::now())
            .await
    }

    async fn insert_session(
        &self,
        key: &SessionKey,
        text: &str,
        row: Row,
        origin: sessions::Origin,
    ) -> Result<(), StoreError> {
        let id = key_digest(key);
        let session = row.to_session(&id, text);
        sessions::insert_session(&mut *self.pool.get_conn().await?, session, &origin, clock::now())
            .await
    }

    async fn change_session(
        &self,
        key: &SessionKey,
        text: &str,
        row: Row,
    ) -> Result<(), StoreError> {
        let id = key_digest(key);
        sessions::update_session(&mut *self.pool.get_conn().await?, row.to_session(&id, text)).await
    }

    async fn prolong_session(&self, key: &SessionKey, ttl: Duration) -> Result<(), StoreError> {
        sessions::extend_session(
            &mut *self.pool.get_conn().await?,
            &key_digest(key),
            end_after(ttl),
        )
        .await
    }

    async fn remove_session(&self, key: &SessionKey) -> Result<(), StoreError> {
        sessions::delete_session(&mut *self.pool.get_conn().await?, &key_digest(key)).await
    }
}

struct Row {
    user: Option<UserId>,
    expires_at: DateTime<Utc>,
}

impl Row {
    fn from_state(state: &State, ttl: Duration) -> Self {
        let user = state.get(USER).and_then(|id| id.parse().ok()).map(UserId);
        Self { user, expires_at: end_after(ttl) }
    }

    fn to_session<'a>(&self, id: &'a [u8], state: &'a str) -> sessions::Session<'a> {
        sessions::Session { id, state, user: self.user, expires_at: self.expires_at }
    }
}

/// Where a session was begun; one that does not say gets a reference of its own.
fn session_origin(state: &State) -> sessions::Origin {
    let text = |name: &str| -> String {
        state.get(name).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    };
    let reference = Some(text(REFERENCE)).filter(|known| !known.is_empty());
    sessions::Origin {
        reference: reference.unwrap_or_else(clock::unique_id),
        remote_addr: text(ADDRESS),
        user_agent: text(AGENT),
    }
}

fn key_digest(key: &SessionKey) -> [u8; 32] {
    Sha256::digest(key.as_ref().as_bytes()).into()
}

fn end_after(ttl: Duration) -> DateTime<Utc> {
    clock::now() + TimeDelta::seconds(ttl.whole_seconds())
}

impl SessionStore for PgSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        match self.read_session(key).await {
            Ok(None) => Ok(None),
            Ok(Some(text)) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| LoadError::Deserialization(error.into())),
            Err(error) => {
                tracing::error!(%error, "Failed to read a session: {error}; the request gets 503");
                Ok(Some(State::from([(AWAY.to_owned(), error.to_string())])))
            }
        }
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let text = serde_json::to_string(&state)
            .map_err(|error| SaveError::Serialization(error.into()))?;
        let key = SessionKey::try_from(clock::secret_text())
            .map_err(|error| SaveError::Other(error.into()))?;
        self.insert_session(&key, &text, Row::from_state(&state, *ttl), session_origin(&state))
            .await
            .map_err(|error| SaveError::Other(error.into()))?;
        Ok(key)
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let text = serde_json::to_string(&state)
            .map_err(|error| UpdateError::Serialization(error.into()))?;
        self.change_session(&key, &text, Row::from_state(&state, *ttl))
            .await
            .map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(self.prolong_session(key, *ttl).await?)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(self.remove_session(key).await?)
    }
}
