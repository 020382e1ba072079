-- The three roles of the product. Run as a superuser, before the first migration; may be run again at any time.
-- Passwords are set elsewhere (ALTER ROLE … PASSWORD), and the database is created with OWNER peerloom_owner.
--   peerloom_owner  owns the schema and migrates it
--   peerloom_app    serves; owns nothing, stands before every wall
--   peerloom_door   owns the functions that may look across tenants; nobody logs in as it
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['peerloom_owner', 'peerloom_app', 'peerloom_door'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I', role_name);
    END IF;
  END LOOP;
END
$$;

-- Stated in full, so that a role somebody strengthened becomes again what the walls rely on.
ALTER ROLE peerloom_owner LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE peerloom_app   LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT;
ALTER ROLE peerloom_door  NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

-- The owner may step into the door's shoes to create its functions, but holds none of its rights by itself.
GRANT peerloom_door TO peerloom_owner WITH INHERIT FALSE, SET TRUE;
