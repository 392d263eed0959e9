-- Whether a process has the secret key that this database's secrets are sealed with: one row, sealed with it.
-- It holds the key of the tokens' digests, which stays when the secret key is changed.
CREATE TABLE secret_key_check (
    is_only BOOLEAN     PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    sealed  BYTEA       NOT NULL,
    since   TIMESTAMPTZ NOT NULL
);
