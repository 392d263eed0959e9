-- What a delivery is about, in a line: the title of a merge request, an issue or a release, else the first
-- line of the newest commit's message; and its page in GitLab, on the repository's own server. Empty for rows
-- from before and where the event names none. A job keeps the title, for a delivery may be gone before it.
ALTER TABLE deliveries ADD COLUMN title text NOT NULL DEFAULT '', ADD COLUMN web_url text NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN title text NOT NULL DEFAULT '';
