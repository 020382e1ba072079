"""`peerloom keys`: the master keys of ENCRYPTION_KEYS."""

from pathlib import Path

import click

import tenants.tables  # noqa: F401
from cli.environment import data_option, environment
from tenants.kernel.crypto import new_master_key
from tenants.kernel.doorbell import open_database
from tenants.kernel.keys import rewrap_all
from tenants.kernel.settings import Settings


@click.group()
def keys() -> None:
    """Master keys, which all other keys are under."""


@keys.command()
def generate() -> None:
    """Print a new master key for ENCRYPTION_KEYS."""
    click.echo(new_master_key())


@keys.command()
@data_option
def rotate(data: Path | None) -> None:
    """Put every tenant's key under the first master key of ENCRYPTION_KEYS; no other is needed afterwards."""
    with environment(data) as environ:
        database = open_database(Settings.from_environment(environ), pool_size=1)
        try:
            number, left = rewrap_all(database)
        finally:
            database.dispose()
    click.echo(f"Keys of tenants put under the first master key: {number}")
    if left:
        reasons = "\n".join(f"{tenant_id}: {reason}" for tenant_id, reason in left.items())
        raise click.ClickException(f"these tenants' keys stay where they are:\n{reasons}")
