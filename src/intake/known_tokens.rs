//! The digests of all webhooks' tokens, in memory: a look at them says before a body is read whether it
//! is likely to be authentic. They may be some seconds old, so they decide who goes first and never
//! who is let in: that is `decide.rs`.

use crate::clock;
use signalbox_core::credential::TokenDigest;
use signalbox_store::{Pool, StoreError, candidates};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

/// How often they are read anew.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct KnownTokens(RwLock<HashSet<Vec<u8>>>);

impl KnownTokens {
    /// Keeps them up to date for as long as somebody holds them.
    pub(super) fn start_refreshing(pool: Pool) -> Arc<Self> {
        let tokens = Arc::new(Self::default());
        tokio::spawn(keep_refreshing(pool, Arc::downgrade(&tokens)));
        tokens
    }

    /// The digests are keyed: how long the look takes tells nothing of a token.
    pub(super) fn contains_digest(&self, digest: &TokenDigest) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&digest[..])
    }
}

async fn keep_refreshing(pool: Pool, tokens: Weak<KnownTokens>) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        let Some(tokens) = tokens.upgrade() else { return };
        match load_digests(&pool).await {
            Ok(all) => *tokens.0.write().unwrap_or_else(PoisonError::into_inner) = all,
            // Those read before serve until the database is back.
            Err(error) => tracing::debug!(%error, "Failed to read the known tokens"),
        }
    }
}

async fn load_digests(pool: &Pool) -> Result<HashSet<Vec<u8>>, StoreError> {
    candidates::all_tokens(&mut *pool.get_conn().await?, clock::now()).await
}
