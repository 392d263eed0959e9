-- Tries to sign in that were wrong, or are under way, of the last minute: whoever counts them, all servers
-- of this database do. `key` is a keyed digest of the account, the sender, the browser or the session, so
-- that what was typed as a name is not kept. Bounded by `store/sign_ins.rs`.
CREATE TABLE sign_in_tries (
    key BYTEA       NOT NULL,
    at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (key, at)
);
CREATE INDEX sign_in_tries_at ON sign_in_tries (at);
