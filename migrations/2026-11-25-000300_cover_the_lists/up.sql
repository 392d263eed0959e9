-- Every filter of the lists of deliveries and jobs finds its rows in their order, however many
-- others there are. What is asked for rarely and costs every delivery is left out on purpose:
-- docs/panel.md has the measurements.
CREATE INDEX deliveries_event_idx ON deliveries (event, id DESC);
CREATE INDEX deliveries_object_kind_idx ON deliveries (object_kind, id DESC);
CREATE INDEX deliveries_register_idx ON deliveries (id DESC) WHERE endpoint = 'register';
-- All that was not taken to be run, not errors alone: "200: nothing to do" is a choice too.
DROP INDEX deliveries_http_status_idx;
CREATE INDEX deliveries_http_status_idx ON deliveries (http_status, id DESC) WHERE http_status <> 202;

CREATE INDEX jobs_repo_name_idx ON jobs (repo_name, id DESC);
CREATE INDEX jobs_action_idx ON jobs (action, id DESC);
CREATE INDEX jobs_queued_at_idx ON jobs (queued_at) INCLUDE (state, id);
-- The lanes that there are, for the workers' page.
CREATE INDEX jobs_lanes_idx ON jobs (lane COLLATE "C") WHERE lane <> '';

-- Counts read indexes alone where the rows' pages are known to be settled. By default PostgreSQL
-- notes that only after a fifth of the table is new; here after a fiftieth.
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
