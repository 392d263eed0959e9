-- Who changed an account first: a form says which version it changes.
ALTER TABLE users ADD COLUMN version integer NOT NULL DEFAULT 1;

-- What the page of a person's sessions shows. `reference` names a session in pages and forms; it
-- opens nothing. Servers of the version before leave it out, hence the default.
ALTER TABLE sessions ADD COLUMN reference text NOT NULL DEFAULT gen_random_uuid()::text;
ALTER TABLE sessions ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE sessions ADD COLUMN remote_addr text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent text NOT NULL DEFAULT '';
UPDATE sessions SET seen_at = created_at;
CREATE UNIQUE INDEX sessions_reference_key ON sessions (reference);

-- The log's page: one verb, one person, one kind of object, a span of time; newest first.
CREATE INDEX audit_log_verb_idx ON audit_log (verb, id DESC);
CREATE INDEX audit_log_actor_name_idx ON audit_log (actor_name, id DESC);
CREATE INDEX audit_log_object_type_idx ON audit_log (object_type, id DESC);
CREATE INDEX audit_log_at_idx ON audit_log (at);
