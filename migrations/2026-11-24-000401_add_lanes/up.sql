-- How a job shares time with others, as its record said when it was made; the lane it stands in
-- (empty = none); what it is held back for (its queue row is done until it is let go); and the
-- newer job that took its place.
ALTER TABLE jobs ADD COLUMN concurrency text NOT NULL DEFAULT 'parallel' CONSTRAINT jobs_concurrency_check CHECK (concurrency IN ('parallel', 'serial', 'latest'));
ALTER TABLE jobs ADD COLUMN lane text NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN held text NOT NULL DEFAULT '' CONSTRAINT jobs_held_check CHECK (held IN ('', 'lane', 'paused'));
ALTER TABLE jobs ADD COLUMN superseded_by text;

-- Those of a lane that have not ended, in their order.
CREATE INDEX jobs_lane_idx ON jobs (lane, queued_at, id) WHERE lane <> '' AND state IN ('queued', 'scheduled', 'retrying', 'running');
-- Those that are held back: let go when a lane is free, when a pause ends.
CREATE INDEX jobs_held_idx ON jobs (held, queued_at, id) WHERE held <> '';

-- How long the newest job of a ref waits for a newer one still.
ALTER TABLE webhooks ADD COLUMN debounce_s integer NOT NULL DEFAULT 0 CONSTRAINT webhooks_debounce_s_check CHECK (debounce_s BETWEEN 0 AND 3600);
