-- Whether a webhook's jobs have a comment in their merge request.
ALTER TABLE gitlab_hook_webhooks ADD COLUMN comments boolean NOT NULL DEFAULT false;
-- The merge request that a job's comment is in, by its number in the project; null = none.
ALTER TABLE gitlab_statuses ADD COLUMN merge_request bigint;
