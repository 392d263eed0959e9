-- When upkeep took away what an attempt printed. Null = it did not.
ALTER TABLE job_attempts ADD COLUMN output_pruned_at timestamptz;
