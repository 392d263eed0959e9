-- Opting out by commit message, secrets that are being replaced, and what a record's last events
-- proved themselves with.
ALTER TABLE webhooks
    -- "[skip ci]" and its like in an event keep the record from running.
    ADD COLUMN obey_skip              boolean     NOT NULL DEFAULT false,
    -- The secrets before the present ones, accepted beside them until then.
    ADD COLUMN previous_secret_digest bytea,
    ADD COLUMN previous_secret_until  timestamptz,
    ADD COLUMN previous_signing_token bytea,
    ADD COLUMN previous_signing_until timestamptz,
    -- When an event for the record last carried its token, its signature.
    ADD COLUMN last_token_at          timestamptz,
    ADD COLUMN last_signature_at      timestamptz,
    ADD CONSTRAINT webhooks_previous_secret_check
        CHECK ((previous_secret_digest IS NULL) = (previous_secret_until IS NULL)),
    ADD CONSTRAINT webhooks_previous_signing_check
        CHECK ((previous_signing_token IS NULL) = (previous_signing_until IS NULL));
-- Intake asks whose a presented token is; few records have a previous one.
CREATE INDEX webhooks_previous_secret_idx ON webhooks (previous_secret_digest)
    WHERE previous_secret_digest IS NOT NULL;
