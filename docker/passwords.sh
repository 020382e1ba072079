#!/bin/sh
# Run by the postgres image once, on an empty data folder, after roles.sql.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d postgres <<'SQL'
\getenv owner OWNER_PASSWORD
\getenv app APP_PASSWORD
ALTER ROLE peerloom_owner PASSWORD :'owner';
ALTER ROLE peerloom_app PASSWORD :'app';
CREATE DATABASE peerloom OWNER peerloom_owner;
REVOKE CONNECT ON DATABASE peerloom FROM PUBLIC;
GRANT CONNECT ON DATABASE peerloom TO peerloom_app;
SQL
