-- The environment in GitLab that a webhook's jobs deploy to; '' = none.
ALTER TABLE gitlab_hook_webhooks ADD COLUMN environment text NOT NULL DEFAULT '';
ALTER TABLE gitlab_statuses
    -- The environment, as it was when the job came.
    ADD COLUMN environment text NOT NULL DEFAULT '',
    -- The job's deployment in GitLab, once there is one.
    ADD COLUMN deployment_id bigint;
