-- Whether what differs in GitLab is fixed without being asked, whether GitLab is still to be told of a
-- change that was made here, and whether GitLab closed the project for changes.
ALTER TABLE gitlab_hooks ADD COLUMN auto_fix boolean NOT NULL DEFAULT false;
ALTER TABLE gitlab_hooks ADD COLUMN unwritten boolean NOT NULL DEFAULT false;
ALTER TABLE gitlab_hooks ADD COLUMN archived boolean NOT NULL DEFAULT false;
