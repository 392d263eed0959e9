ALTER TABLE deliveries
    DROP COLUMN reason_args,
    DROP COLUMN reason_code;
