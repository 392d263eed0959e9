//! The webhooks that deliveries may be for, kept in memory as long as none of them changes.
//!
//! A sender's deliveries ask for the same few webhooks again and again. What was read for one is
//! kept under the database's version of the webhooks (`store::candidates::webhooks_version`), which is read
//! for each batch; another version empties it.

use super::matchable::{FilterCache, to_matchable};
use signalbox_core::credential::{Presented, TokenDigest};
use signalbox_core::event::Event;
use signalbox_core::seal::Keys;
use signalbox_core::webhook::Webhook;
use signalbox_store::candidates::{self, Sought, TokenLife, WebhooksVersion};
use signalbox_store::{Conn, Result};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most webhooks kept, those of each place counted anew: some 10 MB.
const MOST_KEPT: usize = 10_000;
/// The longest name of a repository that is kept: whoever sends one chooses it.
const LONGEST_NAME: usize = 300;

/// What of a delivery says which webhooks it may be for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    project_id: i64,
    repo_name: String,
    token: Option<TokenDigest>,
    is_signed: bool,
}

/// The webhooks of a place.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// In order of their ids.
    pub webhooks: Vec<Arc<Webhook>>,
    /// How long the token counts that came with it.
    pub token: TokenLife,
}

/// What all committers know.
#[derive(Default)]
pub(super) struct KnownWebhooks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    version: WebhooksVersion,
    places: HashMap<Place, Arc<Found>>,
    webhooks: usize,
    filters: FilterCache,
}

impl Kept {
    fn insert_found(&mut self, place: Place, found: Arc<Found>) {
        if self.webhooks >= MOST_KEPT {
            self.clear_kept();
        }
        self.webhooks += found.webhooks.len();
        self.places.insert(place, found);
    }

    fn clear_kept(&mut self) {
        self.places.clear();
        self.webhooks = 0;
    }
}

/// Whether a place is worth keeping: strangers could fill the memory with those of nobody.
fn is_somebodys(place: &Place, found: &Found) -> bool {
    !found.webhooks.is_empty()
        && place.repo_name.len() <= LONGEST_NAME
        && (place.token.is_none() || found.token.is_known())
}

impl Place {
    pub(super) fn of_event(event: &Event, presented: &Presented) -> Self {
        Self {
            project_id: event.project_id.unwrap_or(0),
            repo_name: event.repo_name.clone(),
            token: presented.token,
            is_signed: presented.signed.is_some(),
        }
    }

    /// Whether a webhook is of this place: what `candidates::load_candidates` asks the database.
    pub(super) fn holds_webhook(&self, webhook: &Webhook) -> bool {
        let token = self.token.as_ref().map(<[u8; 32]>::as_slice);
        let is_presented = |digest: Option<&[u8]>| token.is_some() && digest == token;
        let has_token = is_presented(webhook.secret_digest.as_deref());
        let previous = webhook.previous_secret.as_ref().map(|previous| &previous.secret[..]);
        let is_pending = webhook.project_id.is_pending();
        let is_near = is_pending
            || has_token
            || is_presented(previous)
            || (self.is_signed && webhook.signing_key.is_some());
        webhook.project_id.raw() == self.project_id
            || (webhook.repo_name == self.repo_name && is_near)
            || (is_pending && has_token)
    }
}

impl KnownWebhooks {
    /// The webhooks of each place, as they are in this version or a later one.
    pub(super) async fn webhooks_of_places(
        &self,
        conn: &Conn,
        places: &HashSet<Place>,
        version: WebhooksVersion,
        keys: &Keys,
    ) -> Result<HashMap<Place, Arc<Found>>> {
        let mut found = HashMap::with_capacity(places.len());
        let mut missing: Vec<&Place> = Vec::new();
        {
            let mut kept = self.lock_kept();
            if kept.version != version {
                kept.clear_kept();
                kept.version = version;
            }
            for place in places {
                match kept.places.get(place) {
                    Some(known) => _ = found.insert(place.clone(), Arc::clone(known)),
                    None => missing.push(place),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let read = self.read_places(conn, &missing, keys).await?;
        let mut kept = self.lock_kept();
        for (place, of_place) in read {
            // Read after `version`: it may be newer than that, never older.
            if kept.version == version && is_somebodys(&place, &of_place) {
                kept.insert_found(place.clone(), Arc::clone(&of_place));
            }
            found.insert(place, of_place);
        }
        Ok(found)
    }

    async fn read_places(
        &self,
        conn: &Conn,
        places: &[&Place],
        keys: &Keys,
    ) -> Result<Vec<(Place, Arc<Found>)>> {
        let mut sought = Sought::default();
        for place in places {
            sought.project_ids.insert(place.project_id);
            sought.repo_names.insert(place.repo_name.clone());
            sought.tokens.extend(place.token.map(|token| token.to_vec()));
            sought.is_signed |= place.is_signed;
        }
        let (rows, tokens) = futures_util::try_join!(
            candidates::load_candidates(conn, &sought),
            candidates::lives_of_tokens(conn, &sought),
        )?;
        let webhooks: Vec<Arc<Webhook>> = {
            let mut kept = self.lock_kept();
            rows.into_iter()
                .map(|row| Arc::new(to_matchable(row, keys, &mut kept.filters)))
                .collect()
        };
        let of = |place: &Place| Found {
            webhooks: webhooks
                .iter()
                .filter(|webhook| place.holds_webhook(webhook))
                .cloned()
                .collect(),
            token: place
                .token
                .and_then(|token| tokens.get(&token[..]))
                .copied()
                .unwrap_or_default(),
        };
        Ok(places.iter().map(|&place| (place.clone(), Arc::new(of(place)))).collect())
    }

    /// Forgets everything: the database may be another one now.
    pub(super) fn forget_all(&self) {
        self.lock_kept().clear_kept();
    }

    fn lock_kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::credential::token_digest;
    use signalbox_core::matching::samples::{KEY, sample_webhook};

    fn sample_place(project_id: i64, repo_name: &str, token: Option<&str>) -> Place {
        let token = token.map(|token| token_digest(&KEY, token.as_bytes()));
        Place { project_id, repo_name: repo_name.to_owned(), token, is_signed: false }
    }

    #[test]
    fn a_place_holds_its_projects_webhooks_and_those_that_are_near_with_a_credential() {
        // The webhook's project is 15, its repository App, its token "secret".
        let webhook = sample_webhook(1, 15);
        assert!(sample_place(15, "Other", None).holds_webhook(&webhook));
        assert!(sample_place(16, "App", Some("secret")).holds_webhook(&webhook));
        assert!(!sample_place(16, "App", Some("wrong")).holds_webhook(&webhook));
        assert!(!sample_place(16, "App", None).holds_webhook(&webhook));
        assert!(!sample_place(16, "Other", Some("secret")).holds_webhook(&webhook));
        let pending = sample_webhook(2, -1);
        assert!(sample_place(16, "Other", Some("secret")).holds_webhook(&pending));
        assert!(sample_place(16, "App", None).holds_webhook(&pending));
        assert!(!sample_place(16, "Other", None).holds_webhook(&pending));
    }

    #[test]
    fn what_is_kept_has_a_bound_and_nothing_of_strangers_is() {
        let webhook = Arc::new(sample_webhook(1, 15));
        let of_thousand =
            Arc::new(Found { webhooks: vec![webhook; 1_000], token: TokenLife::default() });
        assert!(is_somebodys(&sample_place(15, "App", None), &of_thousand));
        assert!(!is_somebodys(&sample_place(15, "App", Some("wrong")), &of_thousand));
        assert!(!is_somebodys(
            &sample_place(15, &"x".repeat(LONGEST_NAME + 1), None),
            &of_thousand
        ));
        assert!(!is_somebodys(&sample_place(15, "App", None), &Found::default()));
        let mut kept = Kept::default();
        for number in 0..1_000 {
            kept.insert_found(sample_place(number, "App", None), Arc::clone(&of_thousand));
            assert!(kept.webhooks <= MOST_KEPT + 1_000);
            assert_eq!(kept.webhooks, kept.places.len() * 1_000);
        }
    }
}
