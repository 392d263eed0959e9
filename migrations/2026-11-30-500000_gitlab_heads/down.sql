DROP TABLE gitlab_heads;
ALTER TABLE gitlab_hooks DROP COLUMN heads_at, DROP COLUMN heads_due;
