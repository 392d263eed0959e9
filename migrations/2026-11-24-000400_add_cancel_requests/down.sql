DELETE FROM audit_log WHERE verb IN ('run_now', 'pause', 'resume');
ALTER TABLE audit_log DROP CONSTRAINT audit_log_verb_check;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_verb_check CHECK (verb IN ('add', 'change', 'delete', 'register', 'login', 'logout', 'login_failed', 'run_again', 'cancel'));

ALTER TABLE jobs DROP COLUMN cancelled_by;
ALTER TABLE jobs DROP COLUMN cancel_requested_at;
