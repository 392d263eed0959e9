-- A key is held for the webhook that its delivery proved itself to: whoever holds the secret of one webhook
-- cannot take a key of another. 0 stands for all webhooks: keys that are stored already, and those of
-- servers of the version before.
ALTER TABLE idempotency_keys ADD COLUMN webhook_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idempotency_keys
    DROP CONSTRAINT idempotency_keys_pkey,
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (endpoint, key, webhook_id);
