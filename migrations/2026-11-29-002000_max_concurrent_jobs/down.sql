DROP TRIGGER webhooks_raise_version ON webhooks;
ALTER TABLE webhooks DROP COLUMN max_concurrent_jobs;
CREATE CONSTRAINT TRIGGER webhooks_raise_version
    AFTER INSERT OR DELETE OR UPDATE OF
        name, repo_name, repo_url, object_kind, project_id, http_x_gitlab_event, enabled,
        secret_digest, signing_token, ref_filter, path_filter, condition, obey_skip,
        previous_secret_digest, previous_secret_until, previous_signing_token,
        previous_signing_until, require_signature, register_on_first_event, action, action_params,
        concurrency, debounce_s, cancel_running, max_attempts, timeout_s, version
    ON webhooks DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION raise_webhooks_version();
