-- What the intake knows of the webhooks it keeps in memory, as long as this number stays: one row,
-- raised by whatever changes what a delivery is compared with. Raised at the commit, when no other
-- lock will be asked for: whoever waits for it waits for that commit alone.
CREATE TABLE webhooks_version (
    is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    version BIGINT NOT NULL
);
INSERT INTO webhooks_version (version) VALUES (1);

CREATE FUNCTION raise_webhooks_version() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- Once a transaction, however many rows it changes.
    IF current_setting('signalbox.webhooks_version_raised', TRUE) IS DISTINCT FROM 'yes' THEN
        UPDATE webhooks_version SET version = version + 1;
        PERFORM set_config('signalbox.webhooks_version_raised', 'yes', TRUE);
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER webhooks_raise_version
    AFTER INSERT OR DELETE OR UPDATE OF
        name, repo_name, repo_url, object_kind, project_id, http_x_gitlab_event, enabled,
        secret_digest, signing_token, ref_filter, path_filter, condition, obey_skip,
        previous_secret_digest, previous_secret_until, previous_signing_token,
        previous_signing_until, require_signature, register_on_first_event, action, action_params,
        concurrency, debounce_s, cancel_running, max_attempts, timeout_s, version
    ON webhooks DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION raise_webhooks_version();

-- Ends the statement that stores a batch of deliveries where another server holds one of its keys:
-- nothing of the batch is kept, and it is decided anew.
CREATE FUNCTION expect_all_claimed(wanted BIGINT, claimed BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF claimed <> wanted THEN
        RAISE EXCEPTION 'an idempotency key was claimed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

-- Every delivery writes its webhook's last values: with room beside them, no index is touched.
ALTER TABLE webhooks SET (fillfactor = 50);

-- Compressed in a third of the time, where the server can.
DO $$
BEGIN
    ALTER TABLE deliveries
        ALTER COLUMN body SET COMPRESSION lz4,
        ALTER COLUMN reason SET COMPRESSION lz4,
        ALTER COLUMN headers SET COMPRESSION lz4;
    ALTER TABLE job_output ALTER COLUMN bytes SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;
