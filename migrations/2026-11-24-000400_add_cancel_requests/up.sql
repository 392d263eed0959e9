-- A person asks for the end of a running job here; the worker that makes the attempt watches it.
ALTER TABLE jobs ADD COLUMN cancel_requested_at timestamptz;
ALTER TABLE jobs ADD COLUMN cancelled_by text NOT NULL DEFAULT '';

ALTER TABLE audit_log DROP CONSTRAINT audit_log_verb_check;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_verb_check CHECK (verb IN ('add', 'change', 'delete', 'register', 'login', 'logout', 'login_failed', 'run_again', 'cancel', 'run_now', 'pause', 'resume'));
