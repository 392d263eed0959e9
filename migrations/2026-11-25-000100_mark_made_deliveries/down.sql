DELETE FROM audit_log WHERE verb = 'replay';
ALTER TABLE audit_log DROP CONSTRAINT audit_log_verb_check;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_verb_check CHECK (verb IN ('add', 'change', 'delete', 'register', 'login', 'logout', 'login_failed', 'run_again', 'cancel', 'run_now', 'pause', 'resume'));
DROP INDEX deliveries_http_status_idx;
ALTER TABLE deliveries DROP COLUMN source, DROP COLUMN made_by, DROP COLUMN replay_run;
