-- Create two roles and one database per service, with the passwords of the environment. The image
-- runs this once, on an empty volume. It is idempotent: run it by hand to set changed passwords, or
-- to give an older database these rights:
--   docker compose exec postgres psql -U postgres -f /docker-entrypoint-initdb.d/create-databases.sql
\set ON_ERROR_STOP on
\getenv sales_password SALES_DATABASE_PASSWORD
\getenv stock_password STOCK_DATABASE_PASSWORD
\getenv report_password REPORT_DATABASE_PASSWORD
\getenv sales_owner_password SALES_OWNER_PASSWORD
\getenv stock_owner_password STOCK_OWNER_PASSWORD
\getenv report_owner_password REPORT_OWNER_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', wanted)
FROM unnest(ARRAY['sales', 'stock', 'report', 'sales_owner', 'stock_owner', 'report_owner']) wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) \gexec

-- Migrations log in as the owner, processes as the role with the service's name.
ALTER ROLE sales PASSWORD :'sales_password';
ALTER ROLE stock PASSWORD :'stock_password';
ALTER ROLE report PASSWORD :'report_password';
ALTER ROLE sales_owner PASSWORD :'sales_owner_password';
ALTER ROLE stock_owner PASSWORD :'stock_owner_password';
ALTER ROLE report_owner PASSWORD :'report_owner_password';

SELECT format('CREATE DATABASE %I OWNER %I', wanted, wanted || '_owner')
FROM unnest(ARRAY['sales', 'stock', 'report']) wanted
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = wanted) \gexec

REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

\connect sales
\i /etc/comptoir/rights.sql
\connect stock
\i /etc/comptoir/rights.sql
\connect report
\i /etc/comptoir/rights.sql
