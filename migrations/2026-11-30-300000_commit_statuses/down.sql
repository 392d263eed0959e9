DROP TABLE gitlab_statuses;
ALTER TABLE gitlab_hook_webhooks DROP COLUMN reports_since;
