-- One role and one database per service; the passwords come from the environment. The image
-- runs this once, on an empty volume: a later change of a password needs an ALTER ROLE.
\getenv sales_password SALES_DATABASE_PASSWORD
\getenv stock_password STOCK_DATABASE_PASSWORD
\getenv report_password REPORT_DATABASE_PASSWORD

CREATE ROLE sales LOGIN PASSWORD :'sales_password';
CREATE ROLE stock LOGIN PASSWORD :'stock_password';
CREATE ROLE report LOGIN PASSWORD :'report_password';

CREATE DATABASE sales OWNER sales;
CREATE DATABASE stock OWNER stock;
CREATE DATABASE report OWNER report;

-- By default every role may connect everywhere; no service reads another's tables.
REVOKE CONNECT ON DATABASE sales, stock, report FROM PUBLIC;
