-- The start page: what of the last day or week was not matched, by verdict and time. Most
-- deliveries match, and pay nothing for this index.
CREATE INDEX deliveries_attention_idx ON deliveries (verdict, received_at) WHERE verdict <> 'matched';

-- The start page, and the jobs' list narrowed to it: what failed lately.
CREATE INDEX jobs_failed_idx ON jobs (finished_at) WHERE state = 'failed';
