DROP INDEX audit_log_at_idx;
DROP INDEX audit_log_object_type_idx;
DROP INDEX audit_log_actor_name_idx;
DROP INDEX audit_log_verb_idx;
ALTER TABLE sessions DROP COLUMN user_agent;
ALTER TABLE sessions DROP COLUMN remote_addr;
ALTER TABLE sessions DROP COLUMN seen_at;
ALTER TABLE sessions DROP COLUMN reference;
ALTER TABLE users DROP COLUMN version;
