-- Why a delivery became what it became, as a code with its values, to be said in any language. Rows
-- from before have the sentence alone (`summary`), which is shown as it stands. Without a default no
-- row is rewritten.
ALTER TABLE deliveries
    ADD COLUMN reason_code TEXT,
    ADD COLUMN reason_args JSONB;
