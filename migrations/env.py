"""How alembic runs here: as the owner, one at a time, and never waiting long for a lock."""

from alembic import context
from sqlalchemy import create_engine, pool

from tenants.tables import METADATA

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    connection.exec_driver_sql("SELECT pg_advisory_lock(hashtextextended('peerloom migrate', 0))")
    connection.exec_driver_sql("SET lock_timeout = '5s'")
    connection.commit()
    context.configure(connection=connection, target_metadata=METADATA, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
