ALTER TABLE settings DROP COLUMN expires_at;
