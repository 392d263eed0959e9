ALTER TABLE jobs RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE deliveries RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
DROP INDEX jobs_lanes_idx, jobs_queued_at_idx, jobs_action_idx, jobs_repo_name_idx;
DROP INDEX deliveries_http_status_idx;
CREATE INDEX deliveries_http_status_idx ON deliveries (http_status, id DESC) WHERE http_status >= 400;
DROP INDEX deliveries_register_idx, deliveries_object_kind_idx, deliveries_event_idx;
