-- Who asks for the end of a job asks for ended ones: a job that waits or runs needs no entry, and each
-- of its rows (waiting, running) had one.
DROP INDEX jobs_finished_at_idx;
CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;
