-- When a delivery was judged; the page tells how long it waited.
ALTER TABLE deliveries ADD COLUMN judged_at timestamptz;

-- Retention takes bodies before it takes rows: it looks at those that still have one.
CREATE INDEX deliveries_kept_body_idx ON deliveries (received_at) WHERE body IS NOT NULL;

-- The replays of a delivery, on its page; the many that replay nothing stay out.
CREATE INDEX deliveries_replays_idx ON deliveries (replay_of, id DESC) WHERE replay_of IS NOT NULL;
