-- A delivery may have been taken from GitLab's log, or made for a branch whose push never came. The
-- check is wider than before: no row need be looked at.
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_source_check,
    ADD CONSTRAINT deliveries_source_check
        CHECK (source IN ('gitlab', 'replay', 'hand', 'log', 'catch_up')) NOT VALID;

ALTER TABLE gitlab_hooks
    -- The newest event of GitLab's log that was compared; null = none yet.
    ADD COLUMN log_read_to timestamptz,
    -- What waits for a person, because it is much or refused: how many events, of when, of which kinds.
    ADD COLUMN missed jsonb;

-- What was taken from GitLab's log, or asked to be sent again: once is enough.
CREATE TABLE gitlab_log_events (
    hook_id bigint NOT NULL
        CONSTRAINT gitlab_log_events_hook_id_fkey REFERENCES gitlab_hooks (id) ON DELETE CASCADE,
    -- Its number in GitLab.
    event_id bigint NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT gitlab_log_events_pkey PRIMARY KEY (hook_id, event_id)
);
