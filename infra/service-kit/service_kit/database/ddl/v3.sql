-- Invalidates the caches of every process (`change_feed.py`). PostgreSQL sends a notification after
-- the commit, once for each name.
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('changes', TG_ARGV[0]);
    RETURN NULL;
END
$$;

CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
FOR EACH STATEMENT EXECUTE FUNCTION announce_change('api-keys');
