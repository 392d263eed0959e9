-- When a pause ends by itself; NULL = when somebody resumes.
ALTER TABLE settings ADD COLUMN expires_at timestamptz;
