-- GitLab instances whose API is called, and what they said last.
CREATE TABLE gitlab_connections (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gitlab_connections_pkey PRIMARY KEY,
    name text NOT NULL,
    -- With a slash at its end.
    base_url text NOT NULL CONSTRAINT gitlab_connections_base_url_key UNIQUE,
    -- The access token, sealed with the secret key.
    token bytea NOT NULL,
    -- Certificates in PEM that are believed instead of this machine's; empty = this machine's.
    ca_pem text NOT NULL DEFAULT '',
    allow_private_network boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- When it was asked last, and why it did not say; null = it did.
    checked_at timestamptz,
    failure jsonb,
    -- What it said the last time it did.
    gitlab_version text NOT NULL DEFAULT '',
    token_name text NOT NULL DEFAULT '',
    token_owner text NOT NULL DEFAULT '',
    -- With spaces between them.
    token_scopes text NOT NULL DEFAULT '',
    token_expires_on date
);

-- Calls of the API: what was asked for, never with what credential.
CREATE TABLE gitlab_calls (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gitlab_calls_pkey PRIMARY KEY,
    connection_id bigint NOT NULL
        CONSTRAINT gitlab_calls_connection_id_fkey REFERENCES gitlab_connections (id) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status integer,
    took_ms bigint NOT NULL,
    tries integer NOT NULL,
    failure jsonb
);
CREATE INDEX gitlab_calls_connection_id_idx ON gitlab_calls (connection_id, id DESC);
CREATE INDEX gitlab_calls_at_idx ON gitlab_calls (at);

-- GitLab's webhooks that are kept in order: one a project, which all webhooks of the project share.
CREATE TABLE gitlab_hooks (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gitlab_hooks_pkey PRIMARY KEY,
    connection_id bigint NOT NULL
        CONSTRAINT gitlab_hooks_connection_id_fkey REFERENCES gitlab_connections (id) ON DELETE CASCADE,
    project_id bigint NOT NULL,
    -- Its number in GitLab; null = it is not there yet.
    hook_id bigint,
    -- Where it is to send to.
    url text NOT NULL,
    -- The secret token that it is to have, sealed with the secret key.
    token bytea NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it was looked at last, why that failed, and what GitLab said of it.
    checked_at timestamptz,
    failure jsonb,
    seen jsonb,
    -- Who is at it, until when at most.
    busy_until timestamptz,
    CONSTRAINT gitlab_hooks_project_key UNIQUE (connection_id, project_id)
);

-- The webhooks here whose events it sends.
CREATE TABLE gitlab_hook_webhooks (
    webhook_id bigint CONSTRAINT gitlab_hook_webhooks_pkey PRIMARY KEY
        CONSTRAINT gitlab_hook_webhooks_webhook_id_fkey REFERENCES webhooks (id) ON DELETE CASCADE,
    hook_id bigint NOT NULL
        CONSTRAINT gitlab_hook_webhooks_hook_id_fkey REFERENCES gitlab_hooks (id) ON DELETE CASCADE
);
CREATE INDEX gitlab_hook_webhooks_hook_id_idx ON gitlab_hook_webhooks (hook_id);
