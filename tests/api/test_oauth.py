"""Getting a token: client credentials, and everything that is not."""

import base64
import logging

import pytest

from tenants.kernel.ids import digest, new_id
from tenants.kernel.permissions import ALL, TENANT

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def anybody(app):
    return app.test_client()


def ask(client, auth=None, **form):
    return client.post("/oauth/token", data={**GRANT, **form}, auth=auth)


def credentials(tenant):
    return tenant.client_id, tenant.client_secret


def refused(answer, status, error):
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert "access_token" not in answer.get_json()


def test_both_ways_of_sending_the_secret_are_good_for_a_token(anybody, tenant):
    for answer in (
        ask(anybody, credentials(tenant)),
        ask(anybody, client_id=tenant.client_id, client_secret=tenant.client_secret),
    ):
        body = answer.get_json()
        assert answer.status_code == 200
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
        assert answer.headers["Cache-Control"] == "no-store"
        assert anybody.get("/v1/tenant", headers=bearing(body["access_token"])).status_code == 200


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_wrong_secret_is_refused_with_a_challenge(anybody, tenant):
    for secret in ("wrong", tenant.client_secret[:-1], tenant.client_secret.upper(), "ü"):
        answer = ask(anybody, (tenant.client_id, secret))
        refused(answer, 401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    refused(ask(anybody, client_id=tenant.client_id, client_secret="wrong"), 401, "invalid_client")
    refused(ask(anybody, client_id=tenant.client_id), 401, "invalid_client")
    refused(ask(anybody), 401, "invalid_client")


def test_an_unknown_client_is_refused(anybody, tenant):
    prefix, own, row = tenant.client_id.split("_")
    for client_id in (
        "nobody", "", f"{prefix}_{own}_{new_id().hex}", f"{prefix}_{own}_x", f"{prefix}_{own}",
        f"{prefix}_{new_id().hex}_{row}", f"plt_{own}_{row}", f"{prefix}_{'z' * 32}_{row}",
    ):  # fmt: skip
        assert ask(anybody, (client_id, tenant.client_secret)).status_code in (400, 401), client_id
        refused(ask(anybody, (client_id, tenant.client_secret)), 401, "invalid_client")


def test_a_blank_scope_is_none(anybody, tenant):
    body = ask(anybody, credentials(tenant), scope="  ").get_json()
    assert body["scope"].split() == sorted(TENANT)


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {**GRANT, "scope": ["jobs:read", "events:read"]}},
        {"data": GRANT, "query_string": {"scope": "jobs:read"}},
        {"data": {**GRANT, "client_secret": "another way"}},
        {"data": GRANT, "content_type": "multipart/form-data"},
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused(anybody, tenant, sent):
    refused(anybody.post("/oauth/token", auth=credentials(tenant), **sent), 400, "invalid_request")


def test_nobody_learns_which_clients_exist(anybody, tenant):
    prefix, own, _ = tenant.client_id.split("_")
    for client_id in (tenant.client_id, f"{prefix}_{own}_{new_id().hex}"):
        refused(ask(anybody, client_id=client_id, client_secret="wrong"), 401, "invalid_client")


def test_a_client_id_of_another_tenant_with_ones_own_secret_is_refused(anybody, tenant, new_tenant):
    other = new_tenant()
    refused(ask(anybody, (other.client_id, tenant.client_secret)), 401, "invalid_client")
    prefix, theirs, _ = other.client_id.split("_")
    mixed = f"{prefix}_{theirs}_{tenant.client_id.split('_')[2]}"
    refused(ask(anybody, (mixed, tenant.client_secret)), 401, "invalid_client")


def test_a_token_under_another_tenants_name_is_worth_nothing(anybody, tenant, new_tenant):
    prefix, _, secret = tenant.api.token.split("_")
    forged = f"{prefix}_{new_tenant().id.hex}_{secret}"
    assert anybody.get("/v1/tenant", headers=bearing(forged)).status_code == 401


def test_a_revoked_client_gets_no_token_and_loses_those_it_has(anybody, tenant):
    made = tenant.api.post("/v1/clients", json={"name": "Nightly import"}).get_json()
    auth = (made["client_id"], made["client_secret"])
    token = ask(anybody, auth).get_json()["access_token"]
    assert anybody.get("/v1/tenant", headers=bearing(token)).status_code == 200
    assert tenant.api.post(f"/v1/clients/{made['id']}/revocation").get_json()["state"] == "revoked"
    refused(ask(anybody, auth), 401, "invalid_client")
    gone = anybody.get("/v1/tenant", headers=bearing(token))
    assert (gone.status_code, gone.get_json()["code"]) == (401, "invalid_token")


def test_an_expired_token_is_refused(anybody, tenant, superuser):
    assert tenant.api.get("/v1/tenant").status_code == 200
    superuser.execute("UPDATE access_token SET expires_at = now() WHERE tenant_id = %s", [tenant.id])
    answer = tenant.api.get("/v1/tenant")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_suspended_tenants_token_opens_nothing(tenant, superuser):
    superuser.execute("UPDATE tenant SET state = 'suspended' WHERE id = %s", [tenant.id])
    answer = tenant.api.get("/v1/programs")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "tenant_suspended")


def test_a_token_has_the_scopes_that_were_asked_for(anybody, tenant):
    answer = ask(anybody, credentials(tenant), scope="programs:read jobs:read")
    assert answer.get_json()["scope"] == "programs:read jobs:read"
    token = bearing(answer.get_json()["access_token"])
    assert anybody.get("/v1/programs", headers=token).status_code == 200
    lacking = anybody.get("/v1/clients", headers=token)
    assert (lacking.status_code, lacking.get_json()["code"]) == (403, "insufficient_scope")
    assert "clients:manage" in lacking.get_json()["detail"]


def test_without_scope_a_token_has_all_that_its_client_has(anybody, tenant, new_tenant):
    assert set(ask(anybody, credentials(tenant)).get_json()["scope"].split()) == {p.value for p in TENANT}
    reader = new_tenant(scopes=["jobs:read"])
    assert ask(anybody, credentials(reader)).get_json()["scope"] == "jobs:read"
    assert ask(anybody, credentials(reader), scope="").get_json()["scope"] == "jobs:read"


def test_a_scope_beyond_the_clients_is_refused_whole(anybody, new_tenant):
    reader = new_tenant(scopes=["jobs:read"])
    refused(ask(anybody, credentials(reader), scope="jobs:read clients:manage"), 400, "invalid_scope")
    refused(ask(anybody, credentials(reader), scope="everything"), 400, "invalid_scope")


def test_other_grants_and_other_requests_are_refused(anybody, tenant):
    for form in ({"grant_type": "password"}, {"grant_type": "implicit"}, {}):
        answer = anybody.post("/oauth/token", data=form, auth=credentials(tenant))
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "unsupported_grant_type"
    assert anybody.post("/oauth/token", json=GRANT, auth=credentials(tenant)).status_code == 400
    assert anybody.get("/oauth/token").status_code == 405


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!", "Basic " + base64.b64encode(b"\xff:\xfe").decode(), "Digest x"]
)
def test_an_unreadable_authorization_is_refused(anybody, header):
    answer = anybody.post("/oauth/token", data=GRANT, headers={"Authorization": header})
    refused(answer, 401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic x", "bearer plt_x_y", "Bearer plt_" + "0" * 32 + "_\xe9"],
)
def test_what_is_no_token_is_refused_with_a_challenge(anybody, header):
    answer = anybody.get("/v1/tenant", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_tokens_and_secrets_are_kept_as_hashes_only(tenant, superuser):
    """No row of the database holds them, in whatever form a byte is printed."""
    tables = [name for (name,) in superuser.execute(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
    )]  # fmt: skip
    rows = [
        str(row)
        for table in tables
        for row in superuser.execute(f"SELECT t::text FROM {table} t").fetchall()  # noqa: S608
    ]
    for secret in (tenant.api.token, tenant.client_secret):
        random = secret.rpartition("_")[2]
        for written in (random, random.encode().hex()):
            assert not any(written in row for row in rows)
        assert any(digest(secret).hex() in row for row in rows)


def test_no_log_however_talkative_says_a_secret(tenant, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = ask(tenant.api, credentials(tenant))
        made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
        rotated = tenant.api.post(f"/v1/clients/{made['id']}/secret").get_json()
        tenant.api.get("/v1/tenant", headers=bearing(answer.get_json()["access_token"]))
    secrets = (
        answer.get_json()["access_token"], made["client_secret"], rotated["client_secret"],
        tenant.client_secret, tenant.api.token,
    )  # fmt: skip
    said = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert not [secret for secret in secrets if secret in said]


def test_the_server_says_what_it_can_do(anybody, app):
    answer = anybody.get("/.well-known/oauth-authorization-server")
    said = answer.get_json()
    assert answer.status_code == 200
    assert said["issuer"] == app.config["PUBLIC_URL"]
    assert said["token_endpoint"] == said["issuer"] + "/oauth/token"
    assert said["grant_types_supported"] == ["client_credentials", "authorization_code", "refresh_token"]
    assert set(said["scopes_supported"]) == {permission.value for permission in ALL}
    assert set(said["token_endpoint_auth_methods_supported"]) == {
        "client_secret_basic", "client_secret_post", "none",
    }  # fmt: skip
