ALTER TABLE webhooks DROP COLUMN debounce_s;
DROP INDEX jobs_held_idx;
DROP INDEX jobs_lane_idx;
ALTER TABLE jobs DROP COLUMN superseded_by;
ALTER TABLE jobs DROP COLUMN held;
ALTER TABLE jobs DROP COLUMN lane;
ALTER TABLE jobs DROP COLUMN concurrency;
