"""Bringing a database to the present schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(owner_url: str) -> Config:
    """Alembic's configuration for a database, as its owner."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["url"] = owner_url
    return settings


def upgrade(owner_url: str) -> None:
    """Run every migration that this database has not seen. Safe to run twice, or twice at once."""
    command.upgrade(config(owner_url), "head")
