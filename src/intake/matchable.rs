//! Stored webhooks made ready for the matcher: secrets opened, filters read.

use signalbox_core::credential::{SIGNING_TOKEN, SigningKey};
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::filters::{FilterTexts, Filters};
use signalbox_core::seal::{self, Keys};
use signalbox_core::webhook::{Previous, ProjectId, Webhook};
use signalbox_store::candidates::Candidate;
use std::collections::HashMap;
use std::sync::Arc;

/// Most filters kept.
const MAX_KEPT: usize = 1_000;

/// Filters that were read before: reading them takes longer than judging with them.
#[derive(Default)]
pub(super) struct FilterCache(HashMap<FilterTexts, Arc<Filters>>);

impl FilterCache {
    fn get_or_read(&mut self, texts: FilterTexts) -> Arc<Filters> {
        if texts.is_empty() {
            return Arc::default();
        }
        if self.0.len() >= MAX_KEPT {
            self.0.clear();
        }
        let read = |texts: &FilterTexts| Arc::new(Filters::from_texts(texts.clone()));
        Arc::clone(self.0.entry(texts).or_insert_with_key(read))
    }
}

/// A stored webhook as the matcher takes it, outside a batch.
pub fn decrypt_webhook(candidate: Candidate, keys: &Keys) -> Webhook {
    to_matchable(candidate, keys, &mut FilterCache::default())
}

/// The same, with filters that may have been read before.
pub(super) fn to_matchable(
    candidate: Candidate,
    keys: &Keys,
    filters: &mut FilterCache,
) -> Webhook {
    let id = candidate.id;
    let open = |sealed: Vec<u8>| signing_key(id, &sealed, keys);
    let previous_signing = candidate.previous_signing_token.and_then(open);
    Webhook {
        id: WebhookId(id),
        name: candidate.name,
        repo_name: candidate.repo_name,
        repo_url: candidate.repo_url,
        object_kind: candidate.object_kind,
        project_id: ProjectId::from_raw(candidate.project_id),
        http_x_gitlab_event: candidate.http_x_gitlab_event,
        enabled: candidate.enabled,
        secret_digest: candidate.secret_digest,
        signing_key: candidate.signing_token.and_then(open),
        previous_secret: candidate
            .previous_secret_digest
            .zip(candidate.previous_secret_until)
            .map(|(secret, until)| Previous { secret, until }),
        previous_signing: previous_signing
            .zip(candidate.previous_signing_until)
            .map(|(secret, until)| Previous { secret, until }),
        require_signature: candidate.require_signature,
        filters: filters.get_or_read(FilterTexts {
            refs: candidate.ref_filter,
            paths: candidate.path_filter,
            condition: candidate.condition,
            obey_skip: candidate.obey_skip,
        }),
        register_on_first_event: candidate.register_on_first_event,
        action: candidate.action,
        action_params: candidate.action_params,
        concurrency: candidate.concurrency,
        debounce_s: candidate.debounce_s,
        cancel_running: candidate.cancel_running,
        max_concurrent_jobs: candidate.max_concurrent_jobs,
        max_attempts: candidate.max_attempts,
        timeout_s: candidate.timeout_s,
    }
}

fn signing_key(webhook: i64, sealed: &[u8], keys: &Keys) -> Option<SigningKey> {
    match seal::open_sealed(&keys.seal, SIGNING_TOKEN, sealed) {
        Ok(token) => SigningKey::from_shown(&String::from_utf8_lossy(&token)),
        Err(error) => {
            tracing::error!(webhook.id = webhook, %error, "Failed to decrypt the signing token of webhook {webhook}: {error}");
            None
        }
    }
}
