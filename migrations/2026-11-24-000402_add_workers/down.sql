DROP INDEX jobs_finished_at_idx;
DROP TABLE workers;
