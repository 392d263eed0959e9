-- The start page: what of the last day or week was not matched, by verdict and time. Most
-- deliveries match, and pay nothing for this index.
CREATE INDEX deliveries_attention_idx ON deliveries (verdict, received_at) WHERE verdict <> 'matched';

-- The start page, and the jobs' list narrowed to it: what failed lately.
CREATE INDEX jobs_failed_idx ON jobs (finished_at) WHERE state = 'failed';

-- The deliveries' list narrowed to a repository or a project; a record's page. Matched ones too,
-- which `deliveries_repo_name_idx` leaves out to stay quick for the setup page.
CREATE INDEX deliveries_of_repository_idx ON deliveries (repo_name, id DESC);
CREATE INDEX deliveries_project_id_idx ON deliveries (project_id, id DESC);
