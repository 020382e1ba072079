"""What the models say and the migrations made are one, also where alembic's own comparison does not look.

It passes over checks, primary keys, and what indexes hold beside their columns. So the models are made into tables of
their own, in a transaction that is never committed, and PostgreSQL says what each of both is.
"""

import pytest
from sqlalchemy import create_engine, pool, text

from tenants.kernel.settings import owner_database_url
from tenants.tables import METADATA

COLUMNS = """
    SELECT c.relname || '.' || a.attname,
           format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
           || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
    SELECT c.relname || '.' || n.conname, pg_get_constraintdef(n.oid)
      FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
     WHERE c.relnamespace = CAST(:schema AS regnamespace) AND n.contype <> 'n'
"""
INDEXES = """
    SELECT tablename || '.' || indexname, replace(indexdef, schemaname || '.', '')
      FROM pg_indexes WHERE schemaname = :schema
"""


@pytest.fixture(scope="module")
def told(servers):
    """By kind of thing, what the models make and what the migrations made."""
    engine = create_engine(owner_database_url(servers.environment()), poolclass=pool.NullPool)
    found = {}
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE SCHEMA as_modelled")
        connection.exec_driver_sql("SET LOCAL search_path TO as_modelled")
        METADATA.create_all(connection, checkfirst=False)
        for schema in ("as_modelled", "public"):
            connection.exec_driver_sql(f"SET LOCAL search_path TO {schema}")
            for kind in (COLUMNS, CONSTRAINTS, INDEXES):
                rows = connection.execute(text(kind), {"schema": schema})
                found[schema, kind] = {
                    name: said for name, said in rows if not name.startswith("alembic_version.")
                }
        connection.rollback()
    return found


@pytest.mark.parametrize("kind", [COLUMNS, CONSTRAINTS, INDEXES], ids=["columns", "constraints", "indexes"])
def test_the_migrations_made_what_the_models_say(told, kind):
    modelled, made = told["as_modelled", kind], told["public", kind]
    assert len(modelled) > 100
    assert {name: said for name, said in modelled.items() if made.get(name) != said} == {}
    assert {name: said for name, said in made.items() if name not in modelled} == {}
