"""House-keeping, every second or so. Everything here may run in several processes at once."""

import logging
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from tenants.custody.words import forget_expired_words
from tenants.kernel.doorbell import Doorbell, open_database
from tenants.kernel.errors import Unavailable
from tenants.kernel.events import seal_all
from tenants.kernel.files import FileStore
from tenants.kernel.idempotency import forget_expired
from tenants.kernel.kept import forget_orphans
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from tenants.notices.planning import keep_rounds

log = logging.getLogger(__name__)

FILES_KEPT = timedelta(days=7)
SELDOM = 3600.0
"""Seconds between looking at files, and at words that groups keep no longer."""


def run_scheduler(settings: Settings, *, alive: Path | None = None) -> None:
    """Sweep for lost bells, seal events and forget what expired, until SIGTERM or SIGINT.

    `alive` is touched after every round that went through.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database, bells = open_database(settings, pool_size=2), Doorbell(settings)
    files, cleared = FileStore.of(settings), None
    while not stopping.wait(settings.sweep_seconds):
        try:
            keep_house(database, bells)
            if settings.smtp_url:
                keep_rounds(database)
            if cleared is None or time.monotonic() - cleared > SELDOM:
                forget_expired_words(database)
                files.forget_older_than(FILES_KEPT)
                forget_orphans(database, files)
                cleared = time.monotonic()
            if alive:
                alive.touch()
        except Unavailable:
            cleared = time.monotonic()  # the store has said so in the log
        except OperationalError as error:
            log.warning("PostgreSQL does not answer; trying again: %s", error.orig)
        except SQLAlchemyError:
            log.exception("house-keeping failed; trying again")
    database.dispose()


def keep_house(database: Database, bells: Doorbell) -> None:
    """One round."""
    bells.sweep(database)
    seal_all(database)
    forget_expired(database)
