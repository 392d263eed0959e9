ALTER TABLE gitlab_hooks
    -- Whether branches are to be compared: GitLab may have sent nothing, and logged nothing, for a while.
    ADD COLUMN heads_due boolean NOT NULL DEFAULT true,
    -- When they were compared last; null = not yet.
    ADD COLUMN heads_at timestamptz;

-- The branches of a project in GitLab as they were compared last.
CREATE TABLE gitlab_heads (
    hook_id bigint NOT NULL
        CONSTRAINT gitlab_heads_hook_id_fkey REFERENCES gitlab_hooks (id) ON DELETE CASCADE,
    ref text NOT NULL,
    -- The commit that was known.
    sha text NOT NULL,
    -- The commit whose push never came; '' = none.
    missed_sha text NOT NULL DEFAULT '',
    -- Since when that is known; once the push is made, since then.
    missed_at timestamptz,
    -- When a push is to be made for it; null = none is.
    due_at timestamptz,
    CONSTRAINT gitlab_heads_pkey PRIMARY KEY (hook_id, ref)
);
-- What the intake asks for each push: nearly always of nothing.
CREATE INDEX gitlab_heads_missed_sha_idx ON gitlab_heads (missed_sha) WHERE missed_sha <> '';
CREATE INDEX gitlab_heads_due_at_idx ON gitlab_heads (due_at) WHERE due_at IS NOT NULL;
