-- What Signalbox itself says among an output, as a code with its values, to be said in any language. Rows
-- from before have its English alone (`bytes`), which is shown as it stands. Without a default no row is
-- rewritten.
ALTER TABLE job_output ADD COLUMN notice JSONB;
