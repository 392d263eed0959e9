//! A webhook for tests, here and in the crates above, which change what they are about.

use crate::credential::token_digest;
use crate::ids::WebhookId;
use crate::webhook::{Concurrency, ProjectId, Webhook};
use std::sync::Arc;

/// The key of its token's digest.
pub const KEY: [u8; 32] = [1; 32];

/// Takes pushes of this project, with the token "secret".
pub fn sample_webhook(id: i64, project_id: i64) -> Webhook {
    Webhook {
        id: WebhookId(id),
        name: String::new(),
        repo_name: "App".into(),
        repo_url: "git@git.example.com:team/app.git".into(),
        object_kind: "push".into(),
        project_id: ProjectId::from_raw(project_id),
        http_x_gitlab_event: "Push Hook".into(),
        enabled: true,
        secret_digest: Some(token_digest(&KEY, b"secret").to_vec()),
        signing_key: None,
        previous_secret: None,
        previous_signing: None,
        require_signature: false,
        filters: Arc::default(),
        register_on_first_event: false,
        action: "print".into(),
        action_params: serde_json::json!({}),
        concurrency: Concurrency::Parallel,
        debounce_s: 0,
        cancel_running: false,
        max_concurrent_jobs: None,
        max_attempts: 3,
        timeout_s: None,
    }
}
