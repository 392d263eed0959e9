ALTER TABLE job_output DROP COLUMN notice;
