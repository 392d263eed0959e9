-- Where people are told of things. What is secret of a channel, and the rest of where it sends, is sealed.
CREATE TABLE notification_channels (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notification_channels_pkey PRIMARY KEY,
    name        text        NOT NULL,
    kind        text        NOT NULL CONSTRAINT notification_channels_kind_check CHECK (kind IN ('mail', 'slack', 'mattermost', 'rocket_chat', 'teams', 'discord', 'http')),
    settings    bytea       NOT NULL,
    -- What may be shown of where it sends.
    target      text        NOT NULL,
    enabled     boolean     NOT NULL,
    language    text        NOT NULL,
    -- How long a message waits for more of the same, and how far apart two of a rule are.
    gather_s    integer     NOT NULL,
    interval_s  integer     NOT NULL,
    -- 22:00-07:00, in this time zone; empty = none.
    quiet_hours text        NOT NULL,
    time_zone   text        NOT NULL,
    -- The panel as it was reached when the channel was saved, for links.
    panel_url   text        NOT NULL,
    version     integer     NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE UNIQUE INDEX notification_channels_name_key ON notification_channels (lower(name));

-- What a channel tells of. A webhook's own rule takes the place of the channel's for all webhooks.
CREATE TABLE notification_rules (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notification_rules_pkey PRIMARY KEY,
    channel_id bigint      NOT NULL CONSTRAINT notification_rules_channel_id_fkey REFERENCES notification_channels (id) ON DELETE CASCADE,
    webhook_id bigint      CONSTRAINT notification_rules_webhook_id_fkey REFERENCES webhooks (id) ON DELETE CASCADE,
    -- A word, and after a colon a number.
    rule       text        NOT NULL,
    enabled    boolean     NOT NULL,
    -- What happened before is not told.
    since      timestamptz NOT NULL,
    version    integer     NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX notification_rules_kind_key ON notification_rules (channel_id, coalesce(webhook_id, 0), split_part(rule, ':', 1));
CREATE INDEX notification_rules_webhook_id_idx ON notification_rules (webhook_id) WHERE webhook_id IS NOT NULL;

-- Messages: those that wait to be sent, and what became of the others. They outlive their channel.
CREATE TABLE notification_messages (
    id           text        CONSTRAINT notification_messages_pkey PRIMARY KEY,
    created_at   timestamptz NOT NULL,
    -- When it is sent, or tried again; NULL = it was sent, or given up.
    due_at       timestamptz,
    sent_at      timestamptz,
    attempts     integer     NOT NULL DEFAULT 0,
    channel_id   bigint      CONSTRAINT notification_messages_channel_id_fkey REFERENCES notification_channels (id) ON DELETE SET NULL,
    channel_name text        NOT NULL,
    -- NULL = a test.
    rule_id      bigint,
    rule         text        NOT NULL,
    -- Happenings: the first few, and how many there are.
    content      jsonb       NOT NULL,
    happenings   bigint      NOT NULL,
    -- What the other side answered last, and why sending failed.
    answer       text        NOT NULL DEFAULT '',
    failure      jsonb
);
CREATE INDEX notification_messages_due_at_idx ON notification_messages (due_at) WHERE due_at IS NOT NULL;
-- Of a rule at most one message takes up more.
CREATE UNIQUE INDEX notification_messages_open_key ON notification_messages (channel_id, rule_id) WHERE due_at IS NOT NULL AND attempts = 0;
CREATE INDEX notification_messages_channel_id_idx ON notification_messages (channel_id, rule_id, id);

-- Ends of jobs that the rules have seen, as far back as they look again.
CREATE TABLE notification_ends (
    job_id      text        NOT NULL,
    finished_at timestamptz NOT NULL,
    CONSTRAINT notification_ends_pkey PRIMARY KEY (finished_at, job_id)
);

-- How many jobs of a webhook failed last, one after the other; none = the last one succeeded.
CREATE TABLE notification_streaks (
    webhook_id     bigint      CONSTRAINT notification_streaks_pkey PRIMARY KEY,
    failures       bigint      NOT NULL,
    last_failed_at timestamptz NOT NULL
);

-- What a rule about a lasting state has told: not again before it was over.
CREATE TABLE notification_marks (
    rule_id bigint      NOT NULL CONSTRAINT notification_marks_rule_id_fkey REFERENCES notification_rules (id) ON DELETE CASCADE,
    subject text        NOT NULL,
    at      timestamptz NOT NULL,
    CONSTRAINT notification_marks_pkey PRIMARY KEY (rule_id, subject)
);
