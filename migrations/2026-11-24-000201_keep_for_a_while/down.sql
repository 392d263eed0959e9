DROP INDEX deliveries_replays_idx;
DROP INDEX deliveries_kept_body_idx;
ALTER TABLE deliveries DROP COLUMN judged_at;
