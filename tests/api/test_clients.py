"""API clients: made, given new secrets, revoked; nobody grants what they lack."""

from uuid import UUID

import psycopg
import pytest

GRANT = {"grant_type": "client_credentials"}


def token_of(api, client):
    return api.post("/oauth/token", data=GRANT, auth=(client["client_id"], client["client_secret"]))


def pointers(answer):
    assert answer.status_code == 422, answer.get_json()
    return {error["pointer"] for error in answer.get_json()["errors"]}


def test_only_a_name_is_needed_and_the_rest_is_what_the_maker_holds(tenant):
    made = tenant.api.post("/v1/clients", json={"name": "Nightly import"})
    body = made.get_json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/clients/{body['id']}"
    assert body["grant_types"] == ["client_credentials"]
    assert body["redirect_uris"] == []
    assert "clients:manage" in body["scopes"]
    assert token_of(tenant.api, body).status_code == 200


def test_the_secret_is_shown_once(tenant):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    shown = tenant.api.get(f"/v1/clients/{made['id']}").get_json()
    assert shown == {name: value for name, value in made.items() if name != "client_secret"}
    listed = tenant.api.get("/v1/clients").get_json()["items"]
    assert shown in listed
    assert all("secret" not in key for each in listed for key in each)


def test_nobody_grants_what_they_lack(new_tenant):
    narrow = new_tenant(scopes=["clients:manage", "jobs:read"])
    refused = narrow.api.post("/v1/clients", json={"name": "x", "scopes": ["jobs:read", "audit:read"]})
    assert pointers(refused) == {"/scopes"}
    assert refused.get_json()["errors"][0]["code"] == "scope_not_held"
    assert "audit:read" in refused.get_json()["errors"][0]["detail"]
    made = narrow.api.post("/v1/clients", json={"name": "x"}).get_json()
    assert made["scopes"] == ["clients:manage", "jobs:read"]


def test_a_token_of_fewer_scopes_grants_no_more_than_these(tenant):
    form = {**GRANT, "scope": "clients:manage"}
    answer = tenant.api.post("/oauth/token", data=form, auth=(tenant.client_id, tenant.client_secret))
    narrow = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    made = tenant.api.post("/v1/clients", json={"name": "x"}, headers=narrow)
    assert made.get_json()["scopes"] == ["clients:manage"]
    beyond = tenant.api.post("/v1/clients", json={"name": "x", "scopes": ["audit:read"]}, headers=narrow)
    assert beyond.status_code == 422


def test_nobody_becomes_more_by_a_new_secret_of_a_stronger_client(tenant, new_tenant):
    strong = tenant.api.post("/v1/clients", json={"name": "All"}).get_json()
    form = {**GRANT, "scope": "clients:manage"}
    answer = tenant.api.post("/oauth/token", data=form, auth=(tenant.client_id, tenant.client_secret))
    narrow = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    refused = tenant.api.post(f"/v1/clients/{strong['id']}/secret", headers=narrow)
    assert refused.status_code == 403
    assert refused.get_json()["code"] == "scope_not_held"
    assert token_of(tenant.api, strong).status_code == 200


def test_a_new_secret_ends_the_old_one_at_once(tenant):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    rotated = tenant.api.post(f"/v1/clients/{made['id']}/secret").get_json()
    assert rotated["client_secret"] != made["client_secret"]
    assert token_of(tenant.api, made).status_code == 401
    assert token_of(tenant.api, rotated).status_code == 200
    assert rotated["version"] == made["version"] + 1


def test_a_revoked_client_stays_revoked(tenant):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    url = f"/v1/clients/{made['id']}"
    assert tenant.api.post(f"{url}/revocation").get_json()["state"] == "revoked"
    for act in ("revocation", "secret"):
        again = tenant.api.post(f"{url}/{act}")
        assert (again.status_code, again.get_json()["code"]) == (409, "client_revoked")
    assert tenant.api.get(url).get_json()["state"] == "revoked"


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.org/callback",
        "http://127.0.0.1:8000/callback",
        "http://localhost/callback",
        "http://[::1]:9/callback",
    ],
)
def test_https_and_loopback_addresses_are_good_to_return_to(tenant, uri):
    made = tenant.api.post("/v1/clients", json={"name": "x", "redirect_uris": [uri]})
    assert (made.status_code, made.get_json()["redirect_uris"]) == (201, [uri])


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/callback",
        "http://127.0.0.1.example.org/callback",
        "http://localhost@example.org/callback",
        "https://app.example.org/callback#part",
        "https://app.example.org/callback#",
        "javascript:alert(1)",
        "/callback",
        "https://",
        "http://[::1/callback",
        "",
        7,
        None,
    ],
)
def test_other_addresses_are_not(tenant, uri):
    made = tenant.api.post("/v1/clients", json={"name": "x", "redirect_uris": [uri]})
    assert pointers(made) == {"/redirect_uris/0"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "  "), ("name", None), ("name", 5), ("name", "x" * 201), ("name", "a\x00b"),
        ("grant_types", []), ("grant_types", ["password"]), ("grant_types", "client_credentials"),
        ("scopes", []), ("scopes", ["everything"]), ("scopes", "jobs:read"), ("colour", "red"),
        ("secret_hash", "x"), ("state", "active"),
    ],
)  # fmt: skip
def test_a_broken_field_is_named(tenant, field, value):
    before = tenant.api.get("/v1/clients").get_json()
    refused = tenant.api.post("/v1/clients", json={"name": "x", field: value})
    assert all(pointer.startswith(f"/{field}") for pointer in pointers(refused))
    assert tenant.api.get("/v1/clients").get_json() == before


def test_a_repeated_request_makes_one_client_and_tells_the_secret_once(tenant, servers):
    key = {"Idempotency-Key": "only-once"}
    first = tenant.api.post("/v1/clients", json={"name": "x"}, headers=key).get_json()
    again = tenant.api.post("/v1/clients", json={"name": "x"}, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json() == {**first, "client_secret": None}
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        kept = superuser.execute("SELECT body FROM idempotency_record WHERE tenant_id = %s", [tenant.id])
        assert first["client_secret"].encode() not in kept.fetchone()[0]


def test_what_becomes_of_clients_is_told_to_auditors_without_secrets(tenant, servers):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    rotated = tenant.api.post(f"/v1/clients/{made['id']}/secret").get_json()
    tenant.api.post(f"/v1/clients/{made['id']}/revocation")
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        told = superuser.execute(
            "SELECT type, audience, e::text FROM event e WHERE subject_id = %s ORDER BY id", [made["id"]]
        ).fetchall()
    assert [(type_, audience) for type_, audience, _ in told] == [
        ("client.created", "audit"), ("client.secret_rotated", "audit"), ("client.revoked", "audit"),
    ]  # fmt: skip
    for _, _, row in told:
        assert made["client_secret"] not in row
        assert rotated["client_secret"] not in row


def test_another_tenants_client_is_unknown(tenant, new_tenant):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    other = new_tenant()
    assert other.api.get(f"/v1/clients/{made['id']}").status_code == 404
    for act in ("secret", "revocation"):
        assert other.api.post(f"/v1/clients/{made['id']}/{act}").status_code == 404
    assert token_of(tenant.api, made).status_code == 200


def test_nobody_revokes_a_stronger_client(tenant):
    strong = tenant.api.post("/v1/clients", json={"name": "All"}).get_json()
    form = {**GRANT, "scope": "clients:manage"}
    answer = tenant.api.post("/oauth/token", data=form, auth=(tenant.client_id, tenant.client_secret))
    narrow = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    refused = tenant.api.post(f"/v1/clients/{strong['id']}/revocation", headers=narrow)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "scope_not_held")


def test_the_last_client_that_could_do_as_much_stays(tenant):
    own = UUID(tenant.client_id.rpartition("_")[2])
    weak = ["clients:manage", "jobs:read"]
    assert tenant.api.post("/v1/clients", json={"name": "Weaker", "scopes": weak}).status_code == 201
    refused = tenant.api.post(f"/v1/clients/{own}/revocation")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_manager")
    assert tenant.api.post("/v1/clients", json={"name": "Another"}).status_code == 201
    assert tenant.api.post(f"/v1/clients/{own}/revocation").status_code == 200
