-- Where a delivery comes from: GitLab itself, or a person who replayed one or made one by hand; who
-- that was; and the run of replays that it is part of. Nobody was answered with a status then: 0.
ALTER TABLE deliveries
    ADD COLUMN source     text NOT NULL DEFAULT 'gitlab' CONSTRAINT deliveries_source_check CHECK (source IN ('gitlab', 'replay', 'hand')),
    ADD COLUMN made_by    text NOT NULL DEFAULT '',
    ADD COLUMN replay_run text;

-- The list narrowed to what people made, to one run, to an answer that GitLab counts as a failure.
-- What comes from GitLab and was taken, the many, stays out of all three.
CREATE INDEX deliveries_source_idx ON deliveries (source, id DESC) WHERE source <> 'gitlab';
CREATE INDEX deliveries_replay_run_idx ON deliveries (replay_run, id DESC) WHERE replay_run IS NOT NULL;
CREATE INDEX deliveries_http_status_idx ON deliveries (http_status, id DESC) WHERE http_status >= 400;

ALTER TABLE audit_log DROP CONSTRAINT audit_log_verb_check;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_verb_check CHECK (verb IN ('add', 'change', 'delete', 'register', 'login', 'logout', 'login_failed', 'run_again', 'cancel', 'run_now', 'pause', 'resume', 'replay'));
