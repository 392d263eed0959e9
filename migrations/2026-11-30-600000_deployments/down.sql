ALTER TABLE gitlab_statuses DROP COLUMN deployment_id, DROP COLUMN environment;
ALTER TABLE gitlab_hook_webhooks DROP COLUMN environment;
