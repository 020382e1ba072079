"""schemathesis calls every documented route, without its token as well, and as callers who may not see each other's
objects: two tenants' clients, and two people of one tenant in groups of their own."""

import json
import os
import socket
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.conftest import eventually
from tests.factories.everything import one_of_everything
from tests.factories.matching import every
from tests.factories.people import let_in, scopes_of
from tests.fuzz import document, schemathesis

HOW = ("--phases", "fuzzing", "--mode", "positive", "--max-examples", "1")
CHECKS = ("--checks", "ignored_auth,object_level_authorization")
PATHS = document()["paths"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in PATHS.items()
    for method, operation in item.items()
    if method != "parameters"
}
ENDS_THE_CALLER = ("/v1/me/sign-out", "/v1/me/authorizations/{authorization_id}")
"""Whoever calls these as herself has no token afterwards."""


@dataclass
class Tried:
    """What a run did, operation by operation."""

    failed: bool
    called: set[str] = field(default_factory=set)
    without_token: set[str] = field(default_factory=set)
    as_a_peer: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The answers to requests for what another caller had got."""
    said: list[str] = field(default_factory=list)
    """The failures."""


@contextmanager
def served(application, environment):
    """An application as in production; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "gunicorn", "-c", "python:cli.web", "--workers=1", f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen(
        [sys.executable, *command, application], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )

    def listens():
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listens)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def tried(folder, port, callers, *options):
    """Run schemathesis with these two checks and read its report."""
    tokens = {name: api.token for name, api in callers.items()}
    result = Tried(schemathesis(folder, port, tokens, *CHECKS, *HOW, *options) != 0)
    for line in (folder / "report.ndjson").read_text().splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario:
            read(scenario["recorder"], result)
    return result


def read(recorder, result):
    cases, answers = recorder.get("cases", {}), recorder.get("interactions", {})
    for found in (each for checks in recorder.get("checks", {}).values() for each in checks):
        if found["status"] == "failure":
            result.said.append(found["name"])
    for key, case in cases.items():
        request = case["value"]
        operation = f"{request['method']} {request['path']}"
        answer = (answers.get(key) or {}).get("response")
        if answer is None:
            continue
        result.called.add(operation)
        parent = cases.get(case.get("parent_id"), {}).get("value")
        if parent is None or (parent["method"], parent["path"]) != (request["method"], request["path"]):
            continue
        who, whose = request.get("auth_identity"), parent.get("auth_identity")
        if who is None:
            result.without_token.add(operation)
        elif who != whose:
            result.as_a_peer[operation].add(answer["status_code"])


@pytest.fixture(scope="module")
def inhabited(new_tenant, database, finished):
    """A tenant with one of everything; a member and a program manager, each in a group of her own."""
    tenant = new_tenant()
    ids = one_of_everything(tenant, database, finished)
    member = tenant.group_person
    other = next(group["id"] for group in every(tenant.api, "/v1/groups") if group["id"] != ids["group_id"])
    let_in(tenant, other, "program_manager")
    return tenant, {"manager": tenant.group_person, "member": member}


@pytest.fixture(scope="module")
def runs(inhabited, new_tenant, environment, tmp_path_factory):
    """What was tried as two people of a tenant, through the product's own client, and then as two tenants' clients:
    these end invitations and take roles away."""
    tenant, people = inhabited
    clients = {"first": tenant.api, "second": new_tenant().api}
    with served("api.app:create_app()", environment) as port:
        excluded = [word for path in ENDS_THE_CALLER for word in ("--exclude-path", path)]
        found = {"people": tried(tmp_path_factory.mktemp("people"), port, people, *excluded)}
        found["clients"] = tried(tmp_path_factory.mktemp("clients"), port, clients)
    assert [api.get("/v1/me").status_code for api in people.values()] == [200, 200]
    assert [api.get("/v1/tenant").status_code for api in clients.values()] == [200, 200]
    return found


def of_one(run):
    """The answers that peers had where a path ends with an id."""
    return {
        operation: statuses for operation, statuses in run.as_a_peer.items() if operation.endswith("_id}")
    }


ASKS_FOR_MORE = {"GET /v1/organizations"}
"""Reads that need a parameter in the query: without it they are not tried without a token."""


def lists(*, own):
    """Reads that need no id, of oneself, as what is sent to one is, or of the tenant."""
    return {
        operation
        for operation in OPERATIONS
        if operation.startswith("GET /v1/") and "{" not in operation and "openapi" not in operation
        if operation not in ASKS_FOR_MORE
        if (operation.startswith("GET /v1/me") or asks_for_somebody(operation)) == own
    }


def asks_for_somebody(operation):
    """Whether no client is answered that acts for nobody."""
    scopes = scopes_of(operation.removeprefix("GET "))
    return "me:read" in scopes or "group_content" in scopes


def test_every_route_is_called_by_two_tenants_clients_and_neither_reads_what_is_the_others(runs):
    run = runs["clients"]
    assert (run.failed, run.said) == (False, [])
    assert run.called == set(OPERATIONS)
    assert lists(own=False) <= run.without_token
    assert len(of_one(run)) >= 10, run.as_a_peer
    assert set().union(*of_one(run).values()) == {404}


def test_every_route_is_called_by_two_people_of_a_tenant_and_neither_reads_what_is_the_others(runs):
    run = runs["people"]
    assert (run.failed, run.said) == (False, [])
    assert run.called == {name for name in OPERATIONS if name.partition(" ")[2] not in ENDS_THE_CALLER}
    assert lists(own=True) <= run.without_token
    assert len(of_one(run)) >= 10, run.as_a_peer
    assert {status for statuses in run.as_a_peer.values() for status in statuses} == {404}


def test_the_same_checks_find_a_route_that_forgets_whom_it_answers_and_one_that_asks_for_no_token(
    new_tenant, environment, tmp_path
):
    callers = {"first": new_tenant().api, "second": new_tenant().api}
    holes = ("/v1/programs", "/v1/programs/{program_id}", "/v1/cohorts", "/v1/cohorts/{cohort_id}")
    included = [word for path in holes for word in ("--include-path", path)]
    with served("tests.api.careless:create_careless_app()", environment) as port:
        run = tried(tmp_path, port, callers, *included)
    assert run.failed
    assert set(run.said) == {"ignored_auth", "object_level_authorization"}
    assert run.as_a_peer["GET /v1/programs/{program_id}"] == {200}
    assert "GET /v1/cohorts/{cohort_id}" in run.without_token
