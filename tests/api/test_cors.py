"""Pages of other origins: those that a client registered read its answers, no others do."""

import pytest

from tests.factories.people import CALLBACK

OWN, OTHER = "https://portal.example.org", "https://evil.example"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def page(tenant):
    """A client whose pages are at `OWN`, and an API client with its token."""
    made = tenant.api.post("/v1/clients", json={"name": "Page", "cors_origins": [OWN]}).get_json()
    api = tenant.api.application.test_client()
    form = {"grant_type": "client_credentials"}
    auth = (made["client_id"], made["client_secret"])
    api.token = api.post("/oauth/token", data=form, auth=auth).get_json()["access_token"]
    api.auth = auth
    return api


def test_a_page_of_the_client_reads_its_answers_and_headers(page):
    answer = page.get("/v1/tenant", headers={"Origin": OWN})
    assert answer.headers[ALLOWED] == OWN
    assert {"ETag", "Link", "RateLimit"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [OTHER, OWN + ":8443", OWN.upper(), "http://portal.example.org", "null", ""]
)
def test_a_page_of_another_origin_reads_nothing(page, tenant, origin):
    assert ALLOWED not in page.get("/v1/tenant", headers={"Origin": origin}).headers
    assert ALLOWED not in tenant.api.get("/v1/tenant", headers={"Origin": OWN}).headers, (
        "another client's page"
    )


def test_an_error_is_read_like_an_answer_and_a_401_by_all(page):
    assert page.get("/v1/people?x=1", headers={"Origin": OWN}).headers[ALLOWED] == OWN
    page.token = None
    assert page.get("/v1/tenant", headers={"Origin": OTHER}).headers[ALLOWED] == OTHER


def test_a_page_gets_its_token(page, tenant):
    body = {
        "name": "Spa", "public": True, "cors_origins": [OWN], "grant_types": ["authorization_code"],
        "redirect_uris": [CALLBACK], "scopes": ["me:read"],
    }  # fmt: skip
    spa = tenant.api.post("/v1/clients", json=body).get_json()
    form = {
        "grant_type": "authorization_code",
        "code": "x",
        "client_id": spa["client_id"],
        "redirect_uri": CALLBACK,
    }
    for origin, seen in ((OWN, OWN), (OTHER, None)):
        answer = tenant.api.application.test_client().post(
            "/oauth/token", data=form, headers={"Origin": origin}
        )
        assert (answer.status_code, answer.headers.get(ALLOWED)) == (400, seen)


@pytest.mark.parametrize("path", ["/v1/tenant", "/v1/people", "/oauth/token"])
def test_a_preflight_is_answered_without_a_token(app, path):
    asked = {"Origin": OTHER, "Access-Control-Request-Method": "PATCH"}
    answer = app.test_client().options(path, headers=asked)
    assert (answer.status_code, answer.headers[ALLOWED]) == (204, OTHER)
    assert {"Authorization", "If-Match", "Idempotency-Key"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )


@pytest.mark.parametrize("path", ["/oauth/authorize", "/account", "/sign-in/ended", "/docs"])
def test_pages_for_people_are_for_no_other_page(app, path):
    asked = {"Origin": OTHER, "Access-Control-Request-Method": "POST"}
    assert ALLOWED not in app.test_client().options(path, headers=asked).headers
    assert ALLOWED not in app.test_client().get(path, headers={"Origin": OTHER}).headers


@pytest.mark.parametrize(
    "origin",
    ["*", "null", OWN + "/", OWN + "/path", "https://", "http://portal.example.org", "https://A.example"],
)
def test_what_is_no_origin_is_refused(tenant, origin):
    refused = tenant.api.post("/v1/clients", json={"name": "x", "cors_origins": [origin]})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == "/cors_origins/0"
