-- Webhooks take turns: the first job of each that waits, 0 for those whose webhook is gone.
CREATE INDEX jobs_turn_idx ON jobs (coalesce(webhook_id, 0), due_at, id) WHERE due_at IS NOT NULL;
