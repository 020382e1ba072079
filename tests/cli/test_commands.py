"""The commands as an operator types them: what they print, and what they say when they cannot."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from uuid import uuid4

import pytest

from cli.embedded import acquire, remove
from migrations import upgrade
from tenants.cohorts.actions import create_program
from tenants.institutions.actions import open_tenant
from tenants.kernel.doorbell import open_database
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.settings import Settings, owner_database_url
from tenants.reporting.actions import order_report
from tests.conftest import eventually

COMMAND = (sys.executable, "-P", "-m", "cli.main")
OURS = {
    "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "FILES_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "PUBLIC_URL",
}  # fmt: skip
OTHERS = {name: value for name, value in os.environ.items() if name not in OURS}
NOWHERE = "postgresql://peerloom_app:not-to-be-shown@127.0.0.1:1/peerloom"


def run(*command, **environ):
    return subprocess.run(
        [*COMMAND, *command],
        env={**OTHERS, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def said(done):
    """The one sentence of a command that could not do what it was told."""
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def opened(environment, **given):
    told = {"kind": "society", "slug": f"s-{uuid4().hex}", "name": "Invented Society", **given}
    return run("tenant", "open", *(f"--{name}={value}" for name, value in told.items()), **environment)


def test_opening_a_tenant_prints_its_id_and_its_first_clients_credentials(environment, app):
    done = opened(environment)
    printed = json.loads(done.stdout)
    assert printed.keys() == {
        "tenant_id", "client_id", "client_secret", "own_client_id", "owner_invitation_url",
    }  # fmt: skip
    form = {"grant_type": "client_credentials"}
    known = (printed["client_id"], printed["client_secret"])
    assert app.test_client().post("/oauth/token", data=form, auth=known).status_code == 200


@pytest.mark.parametrize("slug", ["", "Bad Slug", "-a", "a-", "a" * 64])
def test_a_slug_of_a_wrong_form_is_refused_in_a_sentence(environment, slug):
    assert said(opened(environment, slug=slug)).startswith("Error: A slug has up to 63 lower-case letters")


def test_a_taken_slug_is_refused_and_opens_nothing(environment):
    slug = f"s-{uuid4().hex}"
    assert opened(environment, slug=slug).returncode == 0
    assert said(opened(environment, slug=slug, kind="funder")) == f"Error: The slug {slug} is taken."


@pytest.mark.parametrize("name", ["", "  ", "a" * 201, "a\nb", "\udcff"])
def test_a_tenant_needs_a_name_that_can_be_shown(environment, name):
    assert said(opened(environment, name=name)) == "Error: A name has 1 to 200 printable characters."


@pytest.mark.parametrize("command", [("worker",), ("scheduler",), ("tenant", "open")])
def test_every_command_refuses_a_role_that_the_walls_would_not_hold(environment, servers, command):
    if command == ("tenant", "open"):
        done = opened({**environment, "DATABASE_URL": servers.url_as("postgres")})
    else:
        done = run(*command, **{**environment, "DATABASE_URL": servers.url_as("postgres")})
    assert said(done).startswith("Error: DATABASE_URL must name peerloom_app")


@pytest.mark.parametrize("command", [("worker",), ("scheduler",), ("migrate",), ("serve", "--port=0")])
def test_a_database_that_does_not_answer_is_named_without_its_password(environment, command):
    done = run(*command, **{**environment, "DATABASE_URL": NOWHERE, "DATABASE_OWNER_URL": NOWHERE})
    assert said(done)
    assert "PostgreSQL cannot be used" in done.stderr
    assert "not-to-be-shown" not in done.stderr


def test_a_valkey_that_does_not_answer_is_named(environment):
    done = run("worker", **{**environment, "REDIS_URL": "redis://127.0.0.1:1"})
    assert said(done).startswith("Error: Valkey cannot be used")


def test_what_is_missing_is_named(environment):
    done = run("scheduler", DATABASE_URL=environment["DATABASE_URL"])
    assert said(done) == (
        "Error: REDIS_URL is not set; FILES_URL is not set; SECRET_KEY is not set; ENCRYPTION_KEYS is not set"
    )
    assert said(run("migrate", DATABASE_URL=environment["DATABASE_URL"])) == (
        "Error: DATABASE_OWNER_URL is not set"
    )


def test_migrating_needs_the_owners_url_only(environment):
    assert run("migrate", DATABASE_OWNER_URL=environment["DATABASE_OWNER_URL"]).returncode == 0


def test_a_port_that_is_taken_or_is_none_is_refused(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = said(run("serve", f"--port={port}", **environment))
    assert sentence.startswith(f"Error: cannot listen on port {port}: ")
    assert "--port" in said(run("serve", "--port=65536", **environment))


def test_a_worker_that_joins_a_folder_does_its_jobs(tmp_path):
    folder = tmp_path / "data"
    with ExitStack() as undo:
        undo.callback(remove, folder)
        servers, stop = acquire(folder, durable=False)
        undo.callback(stop)
        upgrade(owner_database_url(servers.environment()))
        database = open_database(Settings.from_environment(servers.environment()))
        undo.callback(database.dispose)
        worker = subprocess.Popen([*COMMAND, "worker", f"--data={folder}"], env=OTHERS)
        undo.callback(worker.wait, 30)
        undo.callback(worker.terminate)
        with database.tenant(new_id()) as session:
            open_tenant(session, kind="society", slug="joined", name="Invented Society")
            program = create_program(session, name="Circles")
            report = order_report(session, audience="internal", program_id=program.id)
            session.commit()
        eventually(lambda: state_of(database, report) == "succeeded")


def state_of(database, report):
    with database.tenant(report.tenant_id) as session:
        return session.get_one(Job, (report.tenant_id, report.job_id)).state
