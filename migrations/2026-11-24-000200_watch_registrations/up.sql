-- Since when a record waits for its Test: its setup page lists what came since then.
ALTER TABLE webhooks ADD COLUMN pending_since timestamptz NOT NULL DEFAULT now();

-- The keyed digest of the token that a delivery carried, as records keep theirs: tells whose
-- secret it was, and judges the delivery anew after a record was mended. Never the token.
ALTER TABLE deliveries ADD COLUMN token_digest bytea;

-- The setup page looks for what carries a secret or names a repository, and has not matched.
-- Matched deliveries, the many, stay out of both.
CREATE INDEX deliveries_token_digest_idx ON deliveries (token_digest, id DESC) WHERE verdict <> 'matched';
CREATE INDEX deliveries_repo_name_idx ON deliveries (repo_name, id DESC) WHERE verdict <> 'matched';
