-- The version before sets up its own queue when it starts; what waits is queued again by hand.
DROP TRIGGER workers_refuse_without_heartbeat ON workers;
DROP FUNCTION workers_refuse_without_heartbeat();
ALTER TABLE workers DROP COLUMN last_seen_at;
DROP INDEX jobs_due_at_idx;
ALTER TABLE jobs DROP COLUMN due_at;
