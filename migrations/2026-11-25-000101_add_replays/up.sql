-- A run of replays: many deliveries replayed at a pace, oldest first. `selection` says which, as it
-- was when the run began; `cursor` is the last one that was seen to. It moves in the transaction that
-- makes the new delivery, so that a process that dies doubles nothing and leaves nothing out.
CREATE TABLE replays (
    id         text        CONSTRAINT replays_pkey PRIMARY KEY,
    state      text        NOT NULL CONSTRAINT replays_state_check CHECK (state IN ('running', 'finished', 'stopped')),
    selection  jsonb       NOT NULL,
    told       text        NOT NULL,
    pace       integer     NOT NULL CONSTRAINT replays_pace_check CHECK (pace BETWEEN 1 AND 100),
    per        text        NOT NULL CONSTRAINT replays_per_check CHECK (per IN ('second', 'minute')),
    total      bigint      NOT NULL,
    done       bigint      NOT NULL DEFAULT 0,
    jobs       bigint      NOT NULL DEFAULT 0,
    skips      jsonb       NOT NULL DEFAULT '{}',
    cursor     text        NOT NULL DEFAULT '',
    next_at    timestamptz NOT NULL,
    started_by text        NOT NULL,
    started_at timestamptz NOT NULL,
    stopped_by text        NOT NULL DEFAULT '',
    ended_at   timestamptz,
    remote_addr text       NOT NULL
);
-- What every process looks at: the runs that are under way.
CREATE INDEX replays_running_idx ON replays (id) WHERE state = 'running';
