//! Signalbox's own tables, in the shape `diesel print-schema` writes; a test holds it against the
//! migrated database.
#![expect(missing_docs, reason = "generated; the migrations explain the tables")]

diesel::table! {
    audit_log (id) {
        id -> Int8,
        at -> Timestamptz,
        actor_id -> Nullable<Int8>,
        actor_name -> Text,
        verb -> Text,
        object_type -> Text,
        object_id -> Text,
        object_name -> Text,
        changes -> Jsonb,
        remote_addr -> Text,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        received_at -> Timestamptz,
        endpoint -> Text,
        verdict -> Text,
        summary -> Text,
        reason -> Jsonb,
        http_status -> Int4,
        event -> Text,
        object_kind -> Text,
        project_id -> Nullable<Int8>,
        repo_name -> Text,
        repo_url -> Text,
        #[sql_name = "ref"]
        git_ref -> Text,
        sha -> Text,
        user_id -> Nullable<Int8>,
        user_name -> Text,
        user_email -> Text,
        headers -> Jsonb,
        body -> Nullable<Bytea>,
        body_size -> Int8,
        body_sha256 -> Bytea,
        idempotency_key -> Text,
        duplicate_of -> Nullable<Text>,
        replay_of -> Nullable<Text>,
        remote_addr -> Text,
        token_digest -> Nullable<Bytea>,
        judged_at -> Nullable<Timestamptz>,
        source -> Text,
        made_by -> Text,
        replay_run -> Nullable<Text>,
        reason_code -> Nullable<Text>,
        reason_args -> Nullable<Jsonb>,
        title -> Text,
        web_url -> Text,
    }
}

diesel::table! {
    gitlab_calls (id) {
        id -> Int8,
        connection_id -> Int8,
        at -> Timestamptz,
        method -> Text,
        path -> Text,
        status -> Nullable<Int4>,
        took_ms -> Int8,
        tries -> Int4,
        failure -> Nullable<Jsonb>,
    }
}

diesel::table! {
    gitlab_connections (id) {
        id -> Int8,
        name -> Text,
        base_url -> Text,
        token -> Bytea,
        ca_pem -> Text,
        allow_private_network -> Bool,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        checked_at -> Nullable<Timestamptz>,
        failure -> Nullable<Jsonb>,
        gitlab_version -> Text,
        token_name -> Text,
        token_owner -> Text,
        token_scopes -> Text,
        token_expires_on -> Nullable<Date>,
    }
}

diesel::table! {
    gitlab_hook_webhooks (webhook_id) {
        webhook_id -> Int8,
        hook_id -> Int8,
        reports_since -> Nullable<Timestamptz>,
        environment -> Text,
        comments -> Bool,
    }
}

diesel::table! {
    gitlab_heads (hook_id, git_ref) {
        hook_id -> Int8,
        #[sql_name = "ref"]
        git_ref -> Text,
        sha -> Text,
        missed_sha -> Text,
        missed_at -> Nullable<Timestamptz>,
        due_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    gitlab_hooks (id) {
        id -> Int8,
        connection_id -> Int8,
        project_id -> Int8,
        hook_id -> Nullable<Int8>,
        url -> Text,
        token -> Bytea,
        created_at -> Timestamptz,
        checked_at -> Nullable<Timestamptz>,
        failure -> Nullable<Jsonb>,
        seen -> Nullable<Jsonb>,
        busy_until -> Nullable<Timestamptz>,
        auto_fix -> Bool,
        unwritten -> Bool,
        archived -> Bool,
        log_read_to -> Nullable<Timestamptz>,
        missed -> Nullable<Jsonb>,
        heads_due -> Bool,
        heads_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    gitlab_log_events (hook_id, event_id) {
        hook_id -> Int8,
        event_id -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    gitlab_statuses (job_id) {
        job_id -> Text,
        hook_id -> Int8,
        sha -> Text,
        #[sql_name = "ref"]
        git_ref -> Text,
        name -> Text,
        job_state -> Text,
        sent -> Text,
        sent_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        failure -> Nullable<Jsonb>,
        due_at -> Nullable<Timestamptz>,
        busy_until -> Nullable<Timestamptz>,
        environment -> Text,
        deployment_id -> Nullable<Int8>,
        merge_request -> Nullable<Int8>,
    }
}

diesel::table! {
    idempotency_keys (endpoint, key, webhook_id) {
        endpoint -> Text,
        key -> Text,
        webhook_id -> Int8,
        delivery -> Text,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    job_attempts (job_id, number) {
        job_id -> Text,
        number -> Int4,
        worker -> Text,
        started_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        exit_code -> Nullable<Int4>,
        http_status -> Nullable<Int4>,
        signal -> Nullable<Int4>,
        error -> Text,
        cpu_ms -> Nullable<Int8>,
        peak_memory_kib -> Nullable<Int8>,
        output_pruned_at -> Nullable<Timestamptz>,
        failure -> Nullable<Jsonb>,
        argv -> Nullable<Jsonb>,
    }
}

diesel::table! {
    job_output (job_id, attempt, seq) {
        job_id -> Text,
        attempt -> Int4,
        seq -> Int4,
        stream -> Text,
        at -> Timestamptz,
        bytes -> Bytea,
        notice -> Nullable<Jsonb>,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        delivery_id -> Text,
        webhook_id -> Nullable<Int8>,
        webhook_label -> Text,
        repo_name -> Text,
        #[sql_name = "ref"]
        git_ref -> Text,
        action -> Text,
        action_params -> Jsonb,
        timeout_s -> Nullable<Int4>,
        state -> Text,
        attempts -> Int4,
        tries_used -> Int4,
        tries_lost -> Int4,
        max_attempts -> Int4,
        error -> Text,
        run_at -> Timestamptz,
        queued_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        requested_by -> Text,
        cancel_requested_at -> Nullable<Timestamptz>,
        cancelled_by -> Text,
        concurrency -> Text,
        lane -> Text,
        held -> Text,
        superseded_by -> Nullable<Text>,
        cancels_running -> Bool,
        due_at -> Nullable<Timestamptz>,
        title -> Text,
    }
}

diesel::table! {
    list_columns (user_id, list) {
        user_id -> Int8,
        list -> Text,
        column_keys -> Text,
    }
}

diesel::table! {
    notification_channels (id) {
        id -> Int8,
        name -> Text,
        kind -> Text,
        settings -> Bytea,
        target -> Text,
        enabled -> Bool,
        language -> Text,
        gather_s -> Int4,
        interval_s -> Int4,
        quiet_hours -> Text,
        time_zone -> Text,
        panel_url -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    notification_ends (finished_at, job_id) {
        job_id -> Text,
        finished_at -> Timestamptz,
    }
}

diesel::table! {
    notification_marks (rule_id, subject) {
        rule_id -> Int8,
        subject -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    notification_messages (id) {
        id -> Text,
        created_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        sent_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        channel_id -> Nullable<Int8>,
        channel_name -> Text,
        rule_id -> Nullable<Int8>,
        rule -> Text,
        content -> Jsonb,
        happenings -> Int8,
        answer -> Text,
        failure -> Nullable<Jsonb>,
    }
}

diesel::table! {
    notification_rules (id) {
        id -> Int8,
        channel_id -> Int8,
        webhook_id -> Nullable<Int8>,
        rule -> Text,
        enabled -> Bool,
        since -> Timestamptz,
        version -> Int4,
    }
}

diesel::table! {
    notification_streaks (webhook_id) {
        webhook_id -> Int8,
        failures -> Int8,
        last_failed_at -> Timestamptz,
    }
}

diesel::table! {
    replays (id) {
        id -> Text,
        state -> Text,
        selection -> Jsonb,
        told -> Text,
        pace -> Int4,
        per -> Text,
        total -> Int8,
        done -> Int8,
        jobs -> Int8,
        skips -> Jsonb,
        cursor -> Text,
        next_at -> Timestamptz,
        started_by -> Text,
        started_at -> Timestamptz,
        stopped_by -> Text,
        ended_at -> Nullable<Timestamptz>,
        remote_addr -> Text,
    }
}

diesel::table! {
    saved_views (id) {
        id -> Int8,
        owner_id -> Nullable<Int8>,
        list -> Text,
        name -> Text,
        query -> Text,
        column_keys -> Text,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    secret_key_check (is_only) {
        is_only -> Bool,
        sealed -> Bytea,
        since -> Timestamptz,
    }
}

diesel::table! {
    sessions (id) {
        id -> Bytea,
        state -> Text,
        user_id -> Nullable<Int8>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        reference -> Text,
        seen_at -> Timestamptz,
        remote_addr -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
        updated_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sign_in_tries (key, at) {
        key -> Bytea,
        at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Int8,
        username -> Text,
        password_hash -> Text,
        role -> Text,
        active -> Bool,
        created_at -> Timestamptz,
        last_login_at -> Nullable<Timestamptz>,
        version -> Int4,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_actions (webhook_id) {
        webhook_id -> Int8,
        fingerprint -> Text,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Int8,
        name -> Text,
        repo_name -> Text,
        repo_url -> Text,
        object_kind -> Text,
        project_id -> Int8,
        http_x_gitlab_event -> Text,
        enabled -> Bool,
        secret_digest -> Nullable<Bytea>,
        signing_token -> Nullable<Bytea>,
        ref_filter -> Text,
        path_filter -> Text,
        condition -> Text,
        register_on_first_event -> Bool,
        action -> Text,
        action_params -> Jsonb,
        concurrency -> Text,
        max_attempts -> Int4,
        timeout_s -> Nullable<Int4>,
        notes -> Text,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        registered_at -> Nullable<Timestamptz>,
        last_delivery_id -> Nullable<Text>,
        last_delivery_at -> Nullable<Timestamptz>,
        last_verdict -> Nullable<Text>,
        last_job_id -> Nullable<Text>,
        last_job_state -> Nullable<Text>,
        obey_skip -> Bool,
        previous_secret_digest -> Nullable<Bytea>,
        previous_secret_until -> Nullable<Timestamptz>,
        previous_signing_token -> Nullable<Bytea>,
        previous_signing_until -> Nullable<Timestamptz>,
        last_token_at -> Nullable<Timestamptz>,
        last_signature_at -> Nullable<Timestamptz>,
        pending_since -> Timestamptz,
        debounce_s -> Int4,
        cancel_running -> Bool,
        require_signature -> Bool,
        max_concurrent_jobs -> Nullable<Int4>,
    }
}

diesel::table! {
    webhooks_version (is_only) {
        is_only -> Bool,
        version -> Int8,
    }
}

diesel::table! {
    workers (name) {
        name -> Text,
        host -> Text,
        pid -> Int8,
        version -> Text,
        concurrency -> Int4,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        last_seen_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(gitlab_calls -> gitlab_connections (connection_id));
diesel::joinable!(gitlab_heads -> gitlab_hooks (hook_id));
diesel::joinable!(gitlab_hook_webhooks -> gitlab_hooks (hook_id));
diesel::joinable!(gitlab_hook_webhooks -> webhooks (webhook_id));
diesel::joinable!(gitlab_hooks -> gitlab_connections (connection_id));
diesel::joinable!(gitlab_log_events -> gitlab_hooks (hook_id));
diesel::joinable!(gitlab_statuses -> gitlab_hooks (hook_id));
diesel::joinable!(job_attempts -> jobs (job_id));
diesel::joinable!(list_columns -> users (user_id));
diesel::joinable!(notification_marks -> notification_rules (rule_id));
diesel::joinable!(notification_messages -> notification_channels (channel_id));
diesel::joinable!(notification_rules -> notification_channels (channel_id));
diesel::joinable!(notification_rules -> webhooks (webhook_id));
diesel::joinable!(saved_views -> users (owner_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(webhook_actions -> webhooks (webhook_id));

diesel::allow_tables_to_appear_in_same_query!(
    audit_log,
    deliveries,
    gitlab_calls,
    gitlab_connections,
    gitlab_heads,
    gitlab_hook_webhooks,
    gitlab_hooks,
    gitlab_log_events,
    gitlab_statuses,
    idempotency_keys,
    job_attempts,
    job_output,
    jobs,
    list_columns,
    notification_channels,
    notification_ends,
    notification_marks,
    notification_messages,
    notification_rules,
    notification_streaks,
    replays,
    saved_views,
    secret_key_check,
    sessions,
    settings,
    sign_in_tries,
    users,
    webhook_actions,
    webhooks,
    webhooks_version,
    workers,
);
