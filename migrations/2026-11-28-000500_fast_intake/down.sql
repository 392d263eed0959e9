ALTER TABLE deliveries
    ALTER COLUMN body SET COMPRESSION DEFAULT,
    ALTER COLUMN reason SET COMPRESSION DEFAULT,
    ALTER COLUMN headers SET COMPRESSION DEFAULT;
ALTER TABLE job_output ALTER COLUMN bytes SET COMPRESSION DEFAULT;
ALTER TABLE webhooks RESET (fillfactor);
DROP FUNCTION expect_all_claimed;
DROP TRIGGER webhooks_raise_version ON webhooks;
DROP FUNCTION raise_webhooks_version;
DROP TABLE webhooks_version;
