"""People and providers of the tests of signing in."""

import pytest
from sqlalchemy import text

from tests.identity.browsers import Browser
from tests.identity.providers import ACCOUNTS, start_provider


@pytest.fixture
def browser(app):
    """Somebody's browser."""
    return Browser(app)


@pytest.fixture
def slug(tenant):
    """The name of the tenant in addresses."""
    return tenant.api.get("/v1/tenant").get_json()["slug"]


@pytest.fixture
def invited(tenant):
    """Invite somebody new: the membership's id and the path of the link."""

    def invite(name="Alma Ashbourne"):
        person = tenant.api.post(
            "/v1/people", json={"name": name, "email": "alma@amberbay.example"}
        ).get_json()
        made = tenant.api.post(
            "/v1/invitations", json={"membership_id": person["id"], "deliver": "link"}
        ).get_json()
        return person["id"], "/" + made["url"].partition("://")[2].partition("/")[2]

    return invite


@pytest.fixture
def login(app, platform):
    """A person the platform's provider knows and no other test does."""
    from tenants.kernel.ids import new_id

    name = f"person-{new_id().hex}"
    platform.change(accounts={**ACCOUNTS, name: {"name": "Invented Person"}})
    return name


@pytest.fixture(scope="session")
def university():
    """A provider of a tenant's own, that knows the platform's client id as well."""
    with start_provider(redirect_uris=["http://127.0.0.1:1/unused"]) as provider:
        yield provider


@pytest.fixture
def connected(tenant, university):
    """A connection of the tenant to its university, switched on after a test; its resource."""

    def connect(state="on", **fields):
        made = tenant.api.post("/v1/connections", json={
            "name": "Invented University", "issuer": university.issuer, "client_id": university.client_id,
            "client_secret": university.client_secret, **fields,
        })  # fmt: skip
        assert made.status_code == 201, made.get_json()
        found = made.get_json()
        university.register(found["redirect_uri"], logout=["http://127.0.0.1:8000/sign-in/ended"])
        if state != "draft":
            with tenant.api.application.extensions["database"].tenant(tenant.id) as session:
                session.execute(text("UPDATE connection SET state = :state"), {"state": state})
                session.commit()
        return tenant.api.get(f"/v1/connections/{found['id']}").get_json()

    return connect
