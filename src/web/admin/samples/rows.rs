//! The rows of the database that the samples show.

use super::super::jobs::log::Log;
use super::super::jobs::view::View;
use super::{LONG, NOW, ODD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use signalbox_core::failure::Failure;
use signalbox_core::job::{AttemptOutcome, JobState};
use signalbox_core::output::OutputNotice;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_core::webhook::Concurrency;
use signalbox_store::deliveries::Brief;
use signalbox_store::jobs::{Attempt, Chunk, Job};
use signalbox_store::webhooks::Row as WebhookRow;

pub(super) fn sample_webhook(project_id: i64, name: &str) -> WebhookRow {
    WebhookRow {
        id: 7,
        name: name.to_owned(),
        repo_name: ODD.to_owned(),
        repo_url: format!("git@gitlab.example.com:group/{LONG}.git"),
        object_kind: "odd_kind".to_owned(),
        project_id,
        http_x_gitlab_event: "Push Hook".to_owned(),
        enabled: project_id != 0,
        has_secret_token: true,
        has_signing_token: false,
        ref_filter: String::new(),
        path_filter: String::new(),
        condition: String::new(),
        register_on_first_event: false,
        action: "gone".to_owned(),
        action_params: json!({"branch": "main"}),
        concurrency: Concurrency::Parallel,
        debounce_s: 0,
        cancel_running: false,
        max_concurrent_jobs: None,
        max_attempts: 3,
        timeout_s: Some(60),
        notes: ODD.to_owned(),
        version: 2,
        created_at: NOW,
        updated_at: NOW,
        registered_at: Some(NOW),
        last_delivery_id: Some("01M87VREQA18WSHF0ZZCJA3NJ8".to_owned()),
        last_delivery_at: Some(NOW),
        last_verdict: Some(Verdict::Matched),
        last_job_id: Some("01M87VREQA18WSHF0ZZCJA3NJ9".to_owned()),
        last_job_state: Some(JobState::Running),
        obey_skip: true,
        previous_secret_until: Some(DateTime::<Utc>::MAX_UTC),
        previous_signing_until: None,
        last_token_at: Some(NOW),
        last_signature_at: None,
        require_signature: false,
        pending_since: NOW,
    }
}

pub(super) fn sample_delivery(verdict: Verdict) -> Brief {
    Brief {
        id: "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(),
        received_at: NOW,
        endpoint: Endpoint::Main,
        verdict,
        summary: ODD.to_owned(),
        reason_code: None,
        reason_args: None,
        http_status: 202,
        event: "Push Hook".to_owned(),
        object_kind: "push".to_owned(),
        project_id: Some(15),
        repo_name: LONG.to_owned(),
        repo_url: "git@example.com:a/b.git".to_owned(),
        git_ref: "refs/heads/main".to_owned(),
        sha: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7".to_owned(),
        user_id: Some(4),
        user_name: ODD.to_owned(),
        user_email: "john@example.com".to_owned(),
        body_size: 12,
        idempotency_key: "key".to_owned(),
        duplicate_of: Some("01M87VREQA18WSHF0ZZCJA3NJ7".to_owned()),
        replay_of: None,
        remote_addr: "127.0.0.1".to_owned(),
        source: Source::Gitlab,
        made_by: String::new(),
        replay_run: None,
        title: ODD.to_owned(),
        web_url: "https://gitlab.example.com/a/b/-/commit/da15608".to_owned(),
    }
}

pub(super) fn sample_job(state: JobState, attempts: i32) -> Job {
    Job {
        id: "01M87VREQA18WSHF0ZZCJA3NJ9".to_owned(),
        delivery_id: "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(),
        webhook_id: Some(7),
        webhook_label: LONG.to_owned(),
        repo_name: ODD.to_owned(),
        git_ref: "refs/heads/main".to_owned(),
        action: "print".to_owned(),
        action_params: json!({"branch": "main"}),
        timeout_s: None,
        state,
        attempts,
        tries_used: attempts,
        tries_lost: 0,
        max_attempts: 3,
        error: "It ended with exit code 3.".to_owned(),
        run_at: NOW,
        queued_at: NOW,
        started_at: (attempts > 0).then_some(NOW),
        finished_at: None,
        requested_by: "ada".to_owned(),
        cancel_requested_at: (state == JobState::Cancelled).then_some(NOW),
        cancelled_by: "ada".to_owned(),
        concurrency: Concurrency::Latest,
        lane: "webhook:7".to_owned(),
        held: if state == JobState::Queued { "lane" } else { "" }.to_owned(),
        superseded_by: (state == JobState::Superseded).then(|| ODD.to_owned()),
        cancels_running: false,
        title: LONG.to_owned(),
    }
}

pub(super) fn sample_attempt(number: i32, outcome: Option<AttemptOutcome>) -> (Attempt, Log) {
    let attempt = Attempt {
        job_id: "01M87VREQA18WSHF0ZZCJA3NJ9".to_owned(),
        number,
        worker: "host-1".to_owned(),
        started_at: NOW,
        finished_at: outcome.map(|_| NOW + TimeDelta::seconds(3)),
        outcome,
        exit_code: outcome.map(|_| 3),
        http_status: None,
        signal: None,
        cpu_ms: Some(1_234),
        peak_memory_kib: Some(40_000),
        output_pruned_at: None,
        error: "It ended with exit code 3.".to_owned(),
        failure: Some(Failure::ExitCode { code: 3 }.to_stored()),
        argv: Some(json!(["/opt/deploy.sh", ODD])),
    };
    let chunk = |seq, stream: &str| Chunk {
        seq,
        stream: stream.to_owned(),
        at: NOW,
        bytes: match stream {
            "notice" => format!("{}\n", OutputNotice::Killed.sentence()),
            _ => format!("\u{1b}[1;31m{ODD}\u{1b}[0m plain"),
        }
        .into_bytes(),
        notice: (stream == "notice").then(|| OutputNotice::Killed.to_stored()),
    };
    let log = if outcome.is_some() {
        Log::from_chunks(
            &[chunk(1, "stdout"), chunk(2, "stderr"), chunk(3, "notice")],
            &View::default(),
            false,
        )
    } else {
        Log::default()
    };
    (attempt, log)
}
