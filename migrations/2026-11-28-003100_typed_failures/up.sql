-- Why an attempt failed, as a code with its values, to be said in any language. Rows from before have
-- the sentence alone (`error`), which is shown as it stands. Without a default no row is rewritten.
ALTER TABLE job_attempts ADD COLUMN failure JSONB;
