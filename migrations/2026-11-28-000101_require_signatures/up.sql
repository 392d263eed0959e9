-- The secret token alone is not enough for the webhook: its deliveries must be signed.
ALTER TABLE webhooks ADD COLUMN require_signature boolean NOT NULL DEFAULT false;
