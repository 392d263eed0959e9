-- Lists that people keep by a name. Without an owner a view is everybody's, and outlives whoever made it.
CREATE TABLE saved_views (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT saved_views_pkey PRIMARY KEY,
    owner_id bigint CONSTRAINT saved_views_owner_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    list text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    -- Keys of columns with commas between them; empty = those that the list has by itself.
    column_keys text NOT NULL DEFAULT '',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);
-- Every page of a person asks for their views; one name a person and list, in small letters.
CREATE UNIQUE INDEX saved_views_name_key ON saved_views (coalesce(owner_id, 0), list, lower(name));

-- The columns that a person chose for a list.
CREATE TABLE list_columns (
    user_id bigint NOT NULL CONSTRAINT list_columns_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    list text NOT NULL,
    column_keys text NOT NULL,
    CONSTRAINT list_columns_pkey PRIMARY KEY (user_id, list)
);
