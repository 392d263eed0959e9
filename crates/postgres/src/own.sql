-- Gives the role all that Signalbox keeps in its database. What belongs to an extension stays.
DO $$
DECLARE
    one RECORD;
    role CONSTANT OID := 'signalbox'::REGROLE;
BEGIN
    FOR one IN
        SELECT nspname AS name FROM pg_namespace
        WHERE nspowner <> role AND nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('public', 'information_schema')
    LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO signalbox', one.name);
    END LOOP;
    FOR one IN
        SELECT c.oid::REGCLASS AS name,
            CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
                WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relowner <> role AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
            -- A column's sequence follows its table, and what is an extension's stays there.
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::REGCLASS
                AND d.objid = c.oid AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO signalbox', one.kind, one.name);
    END LOOP;
    FOR one IN
        SELECT p.oid::REGPROCEDURE AS name
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.proowner <> role AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::REGCLASS
                AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO signalbox', one.name);
    END LOOP;
    FOR one IN
        SELECT t.oid::REGTYPE AS name
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE t.typowner <> role AND t.typtype IN ('e', 'd', 'r')
            AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::REGCLASS
                AND d.objid = t.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('ALTER TYPE %s OWNER TO signalbox', one.name);
    END LOOP;
END $$;
