-- New ids are the largest. In a descending index each goes to the front of its group, and pages that
-- were split there stay half empty; an ascending one is read backwards as fast.
DROP INDEX deliveries_event_idx;
DROP INDEX deliveries_object_kind_idx;
DROP INDEX deliveries_of_repository_idx;
DROP INDEX deliveries_project_id_idx;
DROP INDEX deliveries_verdict_idx;
DROP INDEX jobs_action_idx;
DROP INDEX jobs_repo_name_idx;
DROP INDEX jobs_state_idx;
DROP INDEX jobs_webhook_id_idx;
CREATE INDEX deliveries_event_idx ON deliveries (event, id);
CREATE INDEX deliveries_object_kind_idx ON deliveries (object_kind, id);
CREATE INDEX deliveries_of_repository_idx ON deliveries (repo_name, id);
CREATE INDEX deliveries_project_id_idx ON deliveries (project_id, id);
CREATE INDEX deliveries_verdict_idx ON deliveries (verdict, id);
CREATE INDEX jobs_action_idx ON jobs (action, id);
CREATE INDEX jobs_repo_name_idx ON jobs (repo_name, id);
CREATE INDEX jobs_state_idx ON jobs (state, id);
CREATE INDEX jobs_webhook_id_idx ON jobs (webhook_id, id);
-- The id of a delivery says when it came: the primary key and the index over verdicts answer what
-- these two answered.
DROP INDEX deliveries_received_at_idx;
DROP INDEX deliveries_attention_idx;
