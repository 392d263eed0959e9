-- What a worker says of itself when it starts; its signs of life are the queue's. `ended_at` is
-- written when it stops in good order: one that has none, and gives no sign of life, has died.
CREATE TABLE workers (
    name        text        CONSTRAINT workers_pkey PRIMARY KEY,
    host        text        NOT NULL,
    pid         bigint      NOT NULL,
    version     text        NOT NULL,
    concurrency integer     NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz
);
-- The workers' page: the newest first.
CREATE INDEX workers_started_at_idx ON workers (started_at DESC);

-- The statistics and retention: what ended when.
CREATE INDEX jobs_finished_at_idx ON jobs (finished_at);
