ALTER TABLE webhooks DROP COLUMN max_concurrent_jobs;
