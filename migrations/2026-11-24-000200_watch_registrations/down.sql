DROP INDEX deliveries_repo_name_idx;
DROP INDEX deliveries_token_digest_idx;
ALTER TABLE deliveries DROP COLUMN token_digest;
ALTER TABLE webhooks DROP COLUMN pending_since;
