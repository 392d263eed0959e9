-- One holder for each key.
DELETE FROM idempotency_keys k USING idempotency_keys other
    WHERE k.endpoint = other.endpoint AND k.key = other.key AND k.webhook_id > other.webhook_id;
ALTER TABLE idempotency_keys
    DROP CONSTRAINT idempotency_keys_pkey,
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (endpoint, key);
ALTER TABLE idempotency_keys DROP COLUMN webhook_id;
