-- What a filter keeps out is what somebody asked for: it gets a verdict of its own, no longer that of
-- deliveries which no webhook knows. Rows from before typed reasons have the trace alone: of a
-- webhook, everything but filters held.
ALTER TABLE deliveries DROP CONSTRAINT deliveries_verdict_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_verdict_check CHECK (verdict IN
    ('matched', 'registered', 'unmatched', 'filtered', 'disabled', 'rejected', 'duplicate', 'paused'));

UPDATE deliveries SET verdict = 'filtered'
WHERE verdict = 'unmatched'
    AND (reason_code = 'filtered' OR (reason_code IS NULL AND endpoint = 'main' AND jsonb_path_exists(reason,
        '$.records[*] ? (exists(@.checks[*] ? (@.equal == false))
            && !exists(@.checks[*] ? (@.equal == false && !(@.field == "ref_filter"
                || @.field == "path_filter" || @.field == "condition" || @.field == "obey_skip"))))')));

UPDATE webhooks SET last_verdict = 'filtered'
FROM deliveries
WHERE deliveries.id = webhooks.last_delivery_id AND deliveries.verdict = 'filtered'
    AND webhooks.last_verdict = 'unmatched';
