DROP INDEX jobs_cancels_running_idx;
ALTER TABLE jobs DROP COLUMN cancels_running;
ALTER TABLE webhooks DROP COLUMN cancel_running;
