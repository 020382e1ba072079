"""The environment that a command runs in: the caller's own, or that of embedded servers."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

import click
import redis
from sqlalchemy.exc import OperationalError, ProgrammingError

from tenants.kernel.session import RoleTooStrong
from tenants.kernel.settings import SettingsError, owner_database_url

DATA = Path(".peerloom")


def _named(_: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """An unset shell variable is not the current folder."""
    if value is not None and not str(os.fspath(value)).strip("."):
        raise click.BadParameter("name a folder of its own.", param=parameter)
    return value


data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    callback=_named,
    help=f"Run (or join) the embedded servers of this folder. Without it the servers of DATABASE_URL and "
    f"REDIS_URL are used; where these are not set, the folder {DATA}.",
)


def _always() -> bool:
    return True


@contextmanager
def environment(data: Path | None, *, migrate: bool = False) -> Iterator[dict[str, str]]:
    """The environment to run in."""
    with servers(data, migrate=migrate) as (environ, _):
        yield environ


@contextmanager
def servers(
    data: Path | None, *, migrate: bool = False
) -> Iterator[tuple[dict[str, str], Callable[[], bool]]]:
    """The environment to run in, and whether the embedded servers that it names still run.

    It is the caller's own, or with the URLs of the embedded servers in it. Whoever starts embedded servers
    brings their schema up to date, too.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background job it is ignored
    environ, sound = dict(os.environ), _always
    try:
        with ExitStack() as stack:
            if data is not None or not environ.keys() & {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"}:
                from cli.embedded import acquire  # noqa: PLC0415  the wheels are absent in production

                embedded, stop = acquire(data or DATA)
                stack.callback(stop)
                environ |= embedded.environment()
                sound = embedded.sound
                migrate = migrate or embedded.owner_pid == os.getpid()
            if migrate:
                import_module("migrations").upgrade(owner_database_url(environ))
            yield environ, sound
    except (SettingsError, RoleTooStrong) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(f"PostgreSQL cannot be used: {error.orig}") from error
    except ProgrammingError as error:
        raise click.ClickException(f"PostgreSQL refuses: {error.orig}") from error
    except redis.RedisError as error:
        raise click.ClickException(f"Valkey cannot be used: {error}") from error
