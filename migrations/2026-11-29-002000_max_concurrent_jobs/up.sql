-- How many jobs of a parallel webhook run at once; NULL = as many as there are slots. Those of a webhook
-- that limits them stand in its lane, so that the queue passes over them while as many run.
ALTER TABLE webhooks ADD COLUMN max_concurrent_jobs integer
    CONSTRAINT webhooks_max_concurrent_jobs_check CHECK (max_concurrent_jobs BETWEEN 1 AND 1000);
