ALTER TABLE webhooks DROP COLUMN require_signature;
