-- The catalogue entry as it was when a record was last saved, by its fingerprint: so that a record
-- can say that its action has changed since. Records from before have no row, and say nothing.
CREATE TABLE webhook_actions (
    webhook_id  bigint CONSTRAINT webhook_actions_pkey PRIMARY KEY
                CONSTRAINT webhook_actions_webhook_id_fkey REFERENCES webhooks ON DELETE CASCADE,
    fingerprint text   NOT NULL
);
