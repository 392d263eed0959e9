-- A job is its own place in the queue: `due_at` is when a worker may take it, and NULL while it
-- runs, is held, or has ended. The index holds what waits and nothing else.
ALTER TABLE jobs ADD COLUMN due_at timestamptz GENERATED ALWAYS AS
    (CASE WHEN state IN ('queued', 'scheduled', 'retrying') AND held = '' THEN run_at END) STORED;
CREATE INDEX jobs_due_at_idx ON jobs (due_at, id) WHERE due_at IS NOT NULL;

-- When a worker was last heard of. A worker of a version that kept its heartbeats elsewhere would
-- be taken for dead and its jobs run twice: it is refused.
ALTER TABLE workers ADD COLUMN last_seen_at timestamptz;
CREATE FUNCTION workers_refuse_without_heartbeat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'This database belongs to a newer version of Signalbox: replace this worker by one of that version'
        USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;
CREATE TRIGGER workers_refuse_without_heartbeat BEFORE INSERT ON workers
    FOR EACH ROW WHEN (NEW.last_seen_at IS NULL) EXECUTE FUNCTION workers_refuse_without_heartbeat();

-- The queue that stood beside `jobs`. What waited in it waits in `jobs`, with the same times.
DO $$
BEGIN
    IF to_regclass('apalis.workers') IS NOT NULL THEN
        UPDATE workers SET last_seen_at = queue.last_seen
            FROM apalis.workers AS queue WHERE queue.id = workers.name;
    END IF;
    UPDATE workers SET last_seen_at = coalesce(ended_at, started_at) WHERE last_seen_at IS NULL;
END $$;
DROP SCHEMA IF EXISTS apalis CASCADE;

-- Its extensions, unless something else uses them or they belong to somebody else.
DO $$
BEGIN
    DROP EXTENSION IF EXISTS hstore;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    RAISE NOTICE 'the extension hstore is left in place';
END $$;
DO $$
BEGIN
    DROP EXTENSION IF EXISTS pgcrypto;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    RAISE NOTICE 'the extension pgcrypto is left in place';
END $$;
