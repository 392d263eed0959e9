DROP TABLE gitlab_log_events;
ALTER TABLE gitlab_hooks DROP COLUMN missed, DROP COLUMN log_read_to;
-- They came from GitLab, in a way.
UPDATE deliveries SET source = 'gitlab' WHERE source IN ('log', 'catch_up');
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_source_check,
    ADD CONSTRAINT deliveries_source_check CHECK (source IN ('gitlab', 'replay', 'hand'));
