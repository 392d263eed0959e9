ALTER TABLE webhooks
    DROP COLUMN obey_skip,
    DROP COLUMN previous_secret_digest,
    DROP COLUMN previous_secret_until,
    DROP COLUMN previous_signing_token,
    DROP COLUMN previous_signing_until,
    DROP COLUMN last_token_at,
    DROP COLUMN last_signature_at;
