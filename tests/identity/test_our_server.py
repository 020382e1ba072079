"""Strict clients of others at a served product: discovery, code, refresh, revocation."""

import os
import re
import subprocess
from html import unescape
from urllib.parse import urljoin

import pytest
import requests
from requests_oauthlib import OAuth2Session

from tenants.access import sign_in
from tenants.access.clients import create_client, create_own_client
from tenants.kernel.permissions import ALL, PRIVATE, TENANT
from tests.cli.test_commands import COMMAND
from tests.factories.people import joined
from tests.identity.browsers import SESSION
from tests.identity.strict_clients import LIBRARIES, strict_client

CALLBACK = "http://127.0.0.1:1/callback"


@pytest.fixture(scope="module")
def address(environment):
    """The address of `peerloom serve`, on this run's own servers."""
    environ = {**os.environ, **environment}
    command = [*COMMAND, "serve", "--port=0", "--workers=1"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        word, _, found = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        yield found
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@pytest.fixture
def person(address, tenant, database):
    """Somebody signed in with a browser at the served product, who allows whatever she is asked."""
    _, who = joined(database, tenant.id)
    with database.tenant(tenant.id) as session:
        token = sign_in.open_session(session, who=who)
        session.commit()
    # Browsers send such a cookie to 127.0.0.1 without https; requests does not.
    cookie = {"Cookie": f"{SESSION}={token}"}

    def allow(url):
        page = requests.get(url, headers=cookie, timeout=60)
        assert page.status_code == 200, page.text
        form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
        action = unescape(re.search(r'action="([^"]*)"', page.text)[1])
        sent = {**form, "decision": "allow"}
        answer = requests.post(
            urljoin(address, action), data=sent, headers=cookie, timeout=60, allow_redirects=False
        )
        return answer.headers["Location"]

    return allow


def registered(database, tenant, *, public):
    with database.tenant(tenant.id) as session:
        client, secret = create_client(
            session, name="Portal", grant_types=["authorization_code", "refresh_token"], redirect_uris=[CALLBACK],
            scopes=sorted(ALL - PRIVATE), public=public, held=TENANT,
        )  # fmt: skip
        session.commit()
    return client.client_id, secret


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_strict_client_goes_all_the_way(library, public, address, person, tenant, database):
    client_id, secret = registered(database, tenant, public=public)
    asked = {"issuer": address, "client_id": client_id, "client_secret": secret}
    with strict_client(library, **asked, redirect_uri=CALLBACK, scope="me:read") as client:
        first = client.exchange(person(client.authorization_url))
        assert me(address, first["access_token"]) == 200
        second = client.refresh(first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        client.revoke(second["refresh_token"])
        assert me(address, second["access_token"]) == 401


def test_the_products_own_client_comes_through_a_port_of_her_machine(address, person, tenant, database):
    with database.tenant(tenant.id) as session:
        own = create_own_client(session)
        session.commit()
    asked = {"issuer": address, "client_id": own.client_id, "client_secret": None}
    port = "http://127.0.0.1:49153/callback"
    with strict_client(
        LIBRARIES[0], **asked, redirect_uri=port, scope="me:read group_content:read"
    ) as client:
        assert client.exchange(person(client.authorization_url))["scope"] == "me:read group_content:read"


def test_requests_oauthlib_goes_all_the_way(address, person, tenant, database, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client_id, secret = registered(database, tenant, public=False)
    with OAuth2Session(client_id, redirect_uri=CALLBACK, scope=["me:read"], pkce="S256") as client:
        url, _ = client.authorization_url(f"{address}/oauth/authorize")
        client.fetch_token(
            f"{address}/oauth/token",
            authorization_response=person(url),
            client_secret=secret,
            include_client_id=True,
        )
        assert client.get(f"{address}/v1/me", timeout=60).status_code == 200
        client.refresh_token(f"{address}/oauth/token", auth=(client_id, secret))
        assert client.get(f"{address}/v1/me", timeout=60).status_code == 200


def me(address, token):
    return requests.get(
        f"{address}/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).status_code
