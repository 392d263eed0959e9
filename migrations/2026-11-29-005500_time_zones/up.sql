-- In which time zone a person reads times, by its IANA name; NULL = in their browser's.
ALTER TABLE users ADD COLUMN time_zone text;
