-- Set the rights in a service's database. The administrator runs this, and it is idempotent:
-- create-databases.sql runs it with Docker, infra/tools/local without.
DO $$
DECLARE
    runtime CONSTANT text := current_database();
    owner CONSTANT text := current_database() || '_owner';
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner);
    -- In a database that is older than the two roles, the runtime role owns the tables.
    EXECUTE format('REASSIGN OWNED BY %I TO %I', runtime, owner);
    -- By default every role may connect to every database and create temporary tables.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), runtime);
    -- Grant rights on the present tables, and by default on those of later migrations.
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
