-- Signalbox's own tables. apalis keeps its queue in a schema of its own (`apalis`), made by its
-- own migrations. Constraint names are given by hand: the panel turns them into form errors.

CREATE TABLE users (
    id            bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT users_pkey PRIMARY KEY,
    username      text        NOT NULL,
    password_hash text        NOT NULL,
    role          text        NOT NULL CONSTRAINT users_role_check CHECK (role IN ('viewer', 'operator', 'admin')),
    active        boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL,
    last_login_at timestamptz
);
-- Login looks names up whatever their case.
CREATE UNIQUE INDEX users_username_key ON users (lower(username));

-- Server-side sessions; `id` is the SHA-256 of the key in the cookie, so that a read of this
-- table opens no session.
CREATE TABLE sessions (
    id         bytea       CONSTRAINT sessions_pkey PRIMARY KEY,
    state      text        NOT NULL,
    user_id    bigint      CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
-- Upkeep deletes what has expired; a password change ends a user's other sessions.
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE settings (
    name       text        CONSTRAINT settings_pkey PRIMARY KEY,
    value      text        NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE webhooks (
    id                      bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT webhooks_pkey PRIMARY KEY,
    name                    text        NOT NULL,
    repo_name               text        NOT NULL,
    repo_url                text        NOT NULL,
    object_kind             text        NOT NULL,
    project_id              bigint      NOT NULL DEFAULT 0 CONSTRAINT webhooks_project_id_check CHECK (project_id >= -1),
    http_x_gitlab_event     text        NOT NULL,
    enabled                 boolean     NOT NULL,
    secret_digest           bytea,
    signing_token           bytea,
    ref_filter              text        NOT NULL,
    path_filter             text        NOT NULL,
    condition               text        NOT NULL,
    register_on_first_event boolean     NOT NULL,
    action                  text        NOT NULL,
    action_params           jsonb       NOT NULL,
    concurrency             text        NOT NULL CONSTRAINT webhooks_concurrency_check CHECK (concurrency IN ('parallel', 'serial', 'latest')),
    max_attempts            integer     NOT NULL CONSTRAINT webhooks_max_attempts_check CHECK (max_attempts BETWEEN 1 AND 100),
    timeout_s               integer     CONSTRAINT webhooks_timeout_s_check CHECK (timeout_s BETWEEN 1 AND 86400),
    notes                   text        NOT NULL,
    version                 integer     NOT NULL DEFAULT 1,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    registered_at           timestamptz,
    last_delivery_id        text,
    last_delivery_at        timestamptz,
    last_verdict            text,
    last_job_id             text,
    last_job_state          text
);
-- Intake finds the records of a presented token, then of a project.
CREATE INDEX webhooks_secret_digest_idx ON webhooks (secret_digest, project_id);
CREATE INDEX webhooks_project_id_idx ON webhooks (project_id);
-- The records that nearly matched, for the delivery's trace.
CREATE INDEX webhooks_repo_name_idx ON webhooks (repo_name);

CREATE TABLE deliveries (
    id              text        CONSTRAINT deliveries_pkey PRIMARY KEY,
    received_at     timestamptz NOT NULL,
    endpoint        text        NOT NULL CONSTRAINT deliveries_endpoint_check CHECK (endpoint IN ('main', 'register')),
    verdict         text        NOT NULL CONSTRAINT deliveries_verdict_check CHECK (verdict IN ('matched', 'registered', 'unmatched', 'disabled', 'rejected', 'duplicate', 'paused')),
    summary         text        NOT NULL,
    reason          jsonb       NOT NULL,
    http_status     integer     NOT NULL,
    event           text        NOT NULL,
    object_kind     text        NOT NULL,
    project_id      bigint,
    repo_name       text        NOT NULL,
    repo_url        text        NOT NULL,
    ref             text        NOT NULL,
    sha             text        NOT NULL,
    user_id         bigint,
    user_name       text        NOT NULL,
    user_email      text        NOT NULL,
    headers         jsonb       NOT NULL,
    body            bytea,
    body_size       bigint      NOT NULL,
    body_sha256     bytea       NOT NULL,
    idempotency_key text        NOT NULL,
    duplicate_of    text,
    replay_of       text,
    remote_addr     text        NOT NULL
);
-- The list's tabs: one verdict, newest first (ids sort by time).
CREATE INDEX deliveries_verdict_idx ON deliveries (verdict, id DESC);
-- Retention deletes by age.
CREATE INDEX deliveries_received_at_idx ON deliveries (received_at);

-- Which key a delivery holds, so that its repeats are duplicates. A row is claimed inside the
-- delivery's own transaction: of two servers receiving one event at once, one waits and then
-- finds it taken.
CREATE TABLE idempotency_keys (
    endpoint   text        NOT NULL,
    key        text        NOT NULL,
    delivery   text        NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (endpoint, key)
);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

CREATE TABLE jobs (
    id             text        CONSTRAINT jobs_pkey PRIMARY KEY,
    delivery_id    text        NOT NULL,
    webhook_id     bigint,
    webhook_label  text        NOT NULL,
    repo_name      text        NOT NULL,
    ref            text        NOT NULL,
    action         text        NOT NULL,
    action_params  jsonb       NOT NULL,
    timeout_s      integer,
    state          text        NOT NULL CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'scheduled', 'running', 'succeeded', 'retrying', 'failed', 'cancelled', 'superseded')),
    attempts       integer     NOT NULL,
    tries_used     integer     NOT NULL,
    tries_lost     integer     NOT NULL,
    max_attempts   integer     NOT NULL,
    error          text        NOT NULL,
    run_at         timestamptz NOT NULL,
    queued_at      timestamptz NOT NULL,
    started_at     timestamptz,
    finished_at    timestamptz,
    requested_by   text        NOT NULL
);
-- The list's tabs: one state, newest first.
CREATE INDEX jobs_state_idx ON jobs (state, id DESC);
-- The jobs of a delivery's page; of a record's page.
CREATE INDEX jobs_delivery_id_idx ON jobs (delivery_id);
CREATE INDEX jobs_webhook_id_idx ON jobs (webhook_id, id DESC);

CREATE TABLE job_attempts (
    job_id      text        NOT NULL CONSTRAINT job_attempts_job_id_fkey REFERENCES jobs (id) ON DELETE CASCADE,
    number      integer     NOT NULL,
    worker      text        NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    outcome     text        CONSTRAINT job_attempts_outcome_check CHECK (outcome IN ('succeeded', 'failed', 'timed_out', 'cancelled', 'lost')),
    exit_code   integer,
    http_status integer,
    signal      integer,
    error       text        NOT NULL,
    CONSTRAINT job_attempts_pkey PRIMARY KEY (job_id, number)
);
-- The rescue of attempts whose worker died looks at open ones only.
CREATE INDEX job_attempts_open_idx ON job_attempts (worker) WHERE outcome IS NULL;

CREATE TABLE job_output (
    job_id  text        NOT NULL,
    attempt integer     NOT NULL,
    seq     integer     NOT NULL,
    stream  text        NOT NULL CONSTRAINT job_output_stream_check CHECK (stream IN ('stdout', 'stderr', 'notice')),
    at      timestamptz NOT NULL,
    bytes   bytea       NOT NULL,
    CONSTRAINT job_output_pkey PRIMARY KEY (job_id, attempt, seq),
    CONSTRAINT job_output_attempt_fkey FOREIGN KEY (job_id, attempt) REFERENCES job_attempts (job_id, number) ON DELETE CASCADE
);

-- Who did what: survives what it speaks of, hence no foreign key.
CREATE TABLE audit_log (
    id          bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_id    bigint,
    actor_name  text        NOT NULL,
    verb        text        NOT NULL CONSTRAINT audit_log_verb_check CHECK (verb IN ('add', 'change', 'delete', 'register', 'login', 'logout', 'login_failed', 'run_again', 'cancel')),
    object_type text        NOT NULL,
    object_id   text        NOT NULL,
    object_name text        NOT NULL,
    changes     jsonb       NOT NULL,
    remote_addr text        NOT NULL
);
-- An object's history; the index page's recent actions read the primary key backwards.
CREATE INDEX audit_log_object_idx ON audit_log (object_type, object_id, id DESC);
