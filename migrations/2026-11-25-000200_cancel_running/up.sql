-- Whether a newer job of the same ref also ends the one that runs; only where `concurrency` is
-- `latest`. The job keeps what its record said when it was made.
ALTER TABLE webhooks ADD COLUMN cancel_running boolean NOT NULL DEFAULT false;
ALTER TABLE jobs ADD COLUMN cancels_running boolean NOT NULL DEFAULT false;

-- A worker asks for the jobs it runs whether such a newer one waits.
CREATE INDEX jobs_cancels_running_idx ON jobs (webhook_id, ref) WHERE cancels_running AND state IN ('queued', 'scheduled', 'retrying');
