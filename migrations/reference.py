"""The wall of reference data, which is of no tenant."""

from alembic import op

from migrations.rls import ALL, TENANT, wall


def protect_reference(table: str) -> None:
    """Reference data of nobody's: every session reads it, and only one without a tenant writes it."""
    nobody = f"({TENANT} IS NULL)"
    wall(table, ALL)
    for name, command, clause in (
        ("everybody_reads", "SELECT", "USING (true)"),
        ("nobody_inserts", "INSERT", f"WITH CHECK {nobody}"),
        ("nobody_updates", "UPDATE", f"USING {nobody} WITH CHECK {nobody}"),
        ("nobody_deletes", "DELETE", f"USING {nobody}"),
    ):
        op.execute(f'CREATE POLICY {name} ON "{table}" FOR {command} TO peerloom_app {clause}')
