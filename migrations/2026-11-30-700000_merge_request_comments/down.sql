ALTER TABLE gitlab_statuses DROP COLUMN merge_request;
ALTER TABLE gitlab_hook_webhooks DROP COLUMN comments;
