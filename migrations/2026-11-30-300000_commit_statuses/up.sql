-- Since when the jobs of a webhook show at their commits in GitLab; null = they do not.
ALTER TABLE gitlab_hook_webhooks ADD COLUMN reports_since timestamptz;

-- What GitLab is told of a job: the state that it was seen in last, and the word that GitLab took last.
CREATE TABLE gitlab_statuses (
    job_id text CONSTRAINT gitlab_statuses_pkey PRIMARY KEY
        CONSTRAINT gitlab_statuses_job_id_fkey REFERENCES jobs (id) ON DELETE CASCADE,
    hook_id bigint NOT NULL
        CONSTRAINT gitlab_statuses_hook_id_fkey REFERENCES gitlab_hooks (id) ON DELETE CASCADE,
    sha text NOT NULL,
    ref text NOT NULL,
    -- What it is called in GitLab.
    name text NOT NULL,
    job_state text NOT NULL,
    sent text NOT NULL DEFAULT '',
    sent_at timestamptz,
    -- Failed attempts to send this state, and why the last one failed.
    attempts integer NOT NULL DEFAULT 0,
    failure jsonb,
    -- When it is sent next; null = GitLab has it, or it was given up.
    due_at timestamptz,
    -- Until when at most it is being sent.
    busy_until timestamptz
);
CREATE INDEX gitlab_statuses_due_at_idx ON gitlab_statuses (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX gitlab_statuses_open_idx ON gitlab_statuses (job_id)
    WHERE job_state IN ('queued', 'scheduled', 'retrying', 'running');
CREATE INDEX gitlab_statuses_hook_id_idx ON gitlab_statuses (hook_id);
