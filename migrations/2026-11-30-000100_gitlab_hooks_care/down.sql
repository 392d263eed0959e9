ALTER TABLE gitlab_hooks DROP COLUMN archived;
ALTER TABLE gitlab_hooks DROP COLUMN unwritten;
ALTER TABLE gitlab_hooks DROP COLUMN auto_fix;
