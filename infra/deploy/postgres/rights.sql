-- Who may do what in a service's database, run there by the administrator as often as one likes:
-- by create-databases.sql with Docker, by infra/tools/local without.
DO $$
DECLARE
    runtime CONSTANT text := current_database();
    owner CONSTANT text := current_database() || '_owner';
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner);
    -- A database from before there were two roles: what its migrations made is the runtime's.
    EXECUTE format('REASSIGN OWNED BY %I TO %I', runtime, owner);
    -- By default every role may connect everywhere and make temporary tables.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), runtime);
    -- For what is there, and for what later migrations make.
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', runtime);
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', runtime);
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public '
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', owner, runtime);
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public '
        'GRANT USAGE ON SEQUENCES TO %I', owner, runtime);
END
$$;
