ALTER TABLE job_attempts DROP COLUMN output_pruned_at;
