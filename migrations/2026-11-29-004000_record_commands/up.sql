-- Program and arguments of an attempt as it ran, secrets taken out; NULL = it started no program, or one
-- whose arguments are too long to keep.
ALTER TABLE job_attempts ADD COLUMN argv jsonb;
