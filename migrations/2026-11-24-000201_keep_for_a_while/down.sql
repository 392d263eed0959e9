DROP INDEX deliveries_kept_body_idx;
ALTER TABLE deliveries DROP COLUMN judged_at;
