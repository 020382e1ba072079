"""The command `peerloom`."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import click

import tenants.tables  # noqa: F401
from cli.environment import data_option, environment, servers
from cli.processes import Program, Supervisor
from tenants.access.clients import create_client, create_own_client
from tenants.institutions.actions import open_tenant
from tenants.kernel.doorbell import open_database
from tenants.kernel.errors import DomainError
from tenants.kernel.files import FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import QUEUES
from tenants.kernel.permissions import TENANT
from tenants.kernel.settings import Settings
from tenants.people.invitations import invite_owner

APART = ("demo", "keys", "release", "solve")
OPENAPI = Path(__file__).parents[1] / "openapi" / "v1.yaml"


alive_option = click.option(
    "--alive",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to touch at least every 30 seconds, for a health check.",
)


class _Commands(click.Group):
    """The commands below, and those that are imported only when somebody asks for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *APART])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in APART:
            return super().get_command(ctx, cmd_name)
        command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Commands)
def main() -> None:
    """Peerloom: peer mentoring groups for early-career researchers."""


@main.command()
def warm() -> None:
    """Compile what forms groups, so that nobody waits for it later. Takes a minute, the first time."""
    import_module("tenants.matching.solver").warm()


@main.command()
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one."
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(min=1),
    help="Job workers, besides one that is kept free for quick work.",
)
@data_option
def serve(port: int, workers: int, data: Path | None) -> None:
    """Run the API, the scheduler and the job workers until stopped.

    Migrates first, unless the servers are your own and DATABASE_OWNER_URL is not set.
    """
    # With the owner's URL kept elsewhere, the schema is somebody else's to bring up to date.
    ours = "DATABASE_OWNER_URL" in os.environ
    with servers(data, migrate=ours) as (environ, sound), socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.ClickException(f"cannot listen on port {port}: {error.strerror}") from error
        port = listener.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        served = {"PUBLIC_URL": address} | environ
        served.pop("DATABASE_OWNER_URL", None)  # what serves must not be able to reach the owner's role
        FileStore.of(Settings.from_environment(served)).refuse_unusable()
        supervisor = Supervisor(
            _programs(served, listener.fileno(), workers),
            ready=lambda: _is_ready(port),
            announce=lambda: print(f"ready {address}", flush=True),
            sound=sound,
        )
        status = supervisor.run()
    sys.exit(status)


def _programs(environ: Mapping[str, str], listener: int, workers: int) -> list[Program]:
    python = [sys.executable, "-P", "-m"]
    web = [*python, "gunicorn", "-c", "python:cli.web", "--bind", f"fd://{listener}", "api.app:create_app()"]
    api = Program("api", web, environ, essential=True, files=[listener])
    scheduler = Program("scheduler", [*python, "cli.main", "scheduler"], environ)
    worker = Program("worker", [*python, "cli.main", "worker"], environ)
    quick = Program("worker", [*worker.command, "--queue", "quick"], environ)
    return [api, scheduler, quick, *[worker] * workers]


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@main.command()
@data_option
def migrate(data: Path | None) -> None:
    """Bring the database's schema up to date (with DATABASE_OWNER_URL)."""
    with environment(data, migrate=True):
        pass


@main.command()
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice(QUEUES),
    help="Serve this queue only (may be given again); every queue without it.",
)
@alive_option
@data_option
def worker(data: Path | None, alive: Path | None, queues: tuple[str, ...]) -> None:
    """Run one job worker."""
    from workers.main import run_worker  # noqa: PLC0415

    with environment(data) as environ:
        os.environ.update(environ)  # each job runs in a process of its own, which reads its settings there
        run_worker(Settings.from_environment(environ), served=queues or QUEUES, alive=alive)


@main.command()
@alive_option
@data_option
def scheduler(data: Path | None, alive: Path | None) -> None:
    """Run the scheduler: it rings for the jobs that are due."""
    from workers.schedule import run_scheduler  # noqa: PLC0415

    with environment(data) as environ:
        run_scheduler(Settings.from_environment(environ), alive=alive)


@main.command()
@click.option("--check", is_flag=True, help="Only compare; fail when the file is out of date.")
def openapi(*, check: bool) -> None:
    """Write openapi/v1.yaml from the API's own description."""
    from api.app import openapi_yaml  # noqa: PLC0415

    document = openapi_yaml()
    if not check:
        OPENAPI.parent.mkdir(exist_ok=True)
        OPENAPI.write_text(document)
    elif not OPENAPI.exists() or OPENAPI.read_text() != document:
        raise click.ClickException("openapi/v1.yaml is out of date: run `make openapi`")


@main.group()
def tenant() -> None:
    """Tenants: institutions, funders and societies."""


@tenant.command("open")
@click.option("--kind", required=True, type=click.Choice(["institution", "funder", "society"]))
@click.option("--slug", required=True)
@click.option("--name", required=True)
@data_option
def open_(kind: str, slug: str, name: str, data: Path | None) -> None:
    """Open a tenant and print, as JSON, what to begin with.

    That is its first client's credentials, the client_id of Peerloom's own client for people's machines, and the
    link by which the tenant's owner joins. Secret and link are shown only here.
    """
    with environment(data) as environ:
        settings = Settings.from_environment(environ)
        database = open_database(settings, pool_size=1)
        try:
            with database.tenant(new_id()) as session:
                opened = open_tenant(session, kind=kind, slug=slug, name=name)
                held = [permission.value for permission in TENANT]
                client, secret = create_client(session, name="First administrator", held=held)
                own = create_own_client(session)
                invitation = invite_owner(session)
                session.commit()
        except DomainError as refused:
            raise click.ClickException(refused.detail) from refused
        finally:
            database.dispose()
    printed = {
        "tenant_id": str(opened.id),
        "client_id": client.client_id,
        "client_secret": secret,
        "own_client_id": own.client_id,
        "owner_invitation_url": f"{settings.public_url}/invitations/{invitation}",
    }
    click.echo(json.dumps(printed))


if __name__ == "__main__":
    main()
