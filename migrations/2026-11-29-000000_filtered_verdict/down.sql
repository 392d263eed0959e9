UPDATE webhooks SET last_verdict = 'unmatched' WHERE last_verdict = 'filtered';
UPDATE deliveries SET verdict = 'unmatched' WHERE verdict = 'filtered';
ALTER TABLE deliveries DROP CONSTRAINT deliveries_verdict_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_verdict_check CHECK (verdict IN
    ('matched', 'registered', 'unmatched', 'disabled', 'rejected', 'duplicate', 'paused'));
