-- How many jobs of a parallel webhook run at once; NULL = as many as there are slots. Those of a webhook
-- that limits them stand in its lane, so that the queue passes over them while as many run.
ALTER TABLE webhooks ADD COLUMN max_concurrent_jobs integer
    CONSTRAINT webhooks_max_concurrent_jobs_check CHECK (max_concurrent_jobs BETWEEN 1 AND 1000);

-- A server that has read the webhooks notices every change of what a delivery is decided by.
DROP TRIGGER webhooks_raise_version ON webhooks;
CREATE CONSTRAINT TRIGGER webhooks_raise_version
    AFTER INSERT OR DELETE OR UPDATE OF
        name, repo_name, repo_url, object_kind, project_id, http_x_gitlab_event, enabled,
        secret_digest, signing_token, ref_filter, path_filter, condition, obey_skip,
        previous_secret_digest, previous_secret_until, previous_signing_token,
        previous_signing_until, require_signature, register_on_first_event, action, action_params,
        concurrency, debounce_s, cancel_running, max_concurrent_jobs, max_attempts, timeout_s, version
    ON webhooks DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION raise_webhooks_version();
