-- When a delivery was judged; the page tells how long it waited.
ALTER TABLE deliveries ADD COLUMN judged_at timestamptz;

-- Retention takes bodies before it takes rows: it looks at those that still have one.
CREATE INDEX deliveries_kept_body_idx ON deliveries (received_at) WHERE body IS NOT NULL;
