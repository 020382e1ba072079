"""The authorization endpoint and what follows: a person lets a client act for her, and nobody comes between."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
import pytest
from sqlalchemy import text

from tenants.access import sign_in, tokens
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import ALL, PRIVATE
from tests.factories.people import CALLBACK, CHALLENGE, VERIFIER, api_for, joined
from tests.identity.browsers import SESSION, Browser, audited

STATE = "a-state"
ABSENT = object()


@dataclass
class Portal:
    """A client of the tenant's that acts for people."""

    id: str
    client_id: str
    secret: str | None

    def redeem(self, api, code, **changes):
        """The token endpoint's answer."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
            **changes,
        }  # fmt: skip
        return self.ask(api, {name: value for name, value in form.items() if value is not ABSENT})

    def refresh(self, api, token, **changes):
        return self.ask(api, {"grant_type": "refresh_token", "refresh_token": token, **changes})

    def ask(self, api, form, path="/oauth/token"):
        if self.secret is None:
            return api.post(path, data={**form, "client_id": self.client_id})
        return api.post(path, data=form, auth=(self.client_id, self.secret))


def made(tenant, **fields):
    body = {
        "name": "Invented Portal", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [CALLBACK], "scopes": ["me:read", "me:write", "programs:read"], **fields,
    }  # fmt: skip
    answer = tenant.api.post("/v1/clients", json=body)
    assert answer.status_code == 201, answer.get_json()
    found = answer.get_json()
    return Portal(found["id"], found["client_id"], found["client_secret"])


@pytest.fixture
def anybody(app):
    return app.test_client()


@pytest.fixture
def portal(tenant):
    return made(tenant)


@pytest.fixture
def member(database, tenant):
    """Somebody who has joined, signed in as herself: her membership and who she is."""
    return joined(database, tenant.id)


@pytest.fixture
def browser(app, database, tenant, member):
    """Her browser, signed in."""
    return signed_in(app, database, tenant, member[1])


def signed_in(app, database, tenant, who):
    with database.tenant(tenant.id) as session:
        token = sign_in.open_session(session, who=who)
        session.commit()
    browser = Browser(app)
    browser.ours.set_cookie(SESSION, token, domain="localhost")
    return browser


def asking(client, **changes):
    """An authorization request of ours."""
    asked = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": CALLBACK, "scope": "me:read",
        "state": STATE, "code_challenge": CHALLENGE, "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    return "/oauth/authorize?" + urlencode({n: v for n, v in asked.items() if v is not ABSENT})


def answered(response):
    """What comes back to the client."""
    assert response.status_code == 302, response.text
    address, _, query = response.headers["Location"].partition("?")
    assert address == CALLBACK
    return dict(parse_qsl(query))


def allowed(browser, client, decision="allow", **changes):
    return answered(browser.submit(browser.get(asking(client, **changes)), decision=decision))


def refused(answer, status, error):
    assert (answer.status_code, answer.get_json()["error"]) == (status, error), answer.get_json()
    assert "access_token" not in answer.get_json()


def bearing(answer):
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def test_a_person_lets_a_portal_act_for_her(browser, portal, anybody, member, tenant, app):
    page = browser.get(asking(portal, scope="me:read programs:read"))
    for said in ("Invented Portal", "Invented Society", "See your own profile", "See programs"):
        assert said in page.text
    back = answered(browser.submit(page, decision="allow"))
    assert (back["state"], back["iss"]) == (STATE, app.config["PUBLIC_URL"])
    answer = portal.redeem(anybody, back["code"])
    body = answer.get_json()
    assert answer.status_code == 200
    assert (body["expires_in"], body["scope"], body["token_type"]) == (900, "me:read programs:read", "Bearer")
    me = anybody.get("/v1/me", headers=bearing(answer)).get_json()
    assert (me["id"], me["personal"], me["roles"]) == (str(member[0]), True, [])


def test_who_is_not_signed_in_signs_in_first_and_comes_back(app, portal, tenant):
    asked = asking(portal)
    sent = Browser(app).get(asked)
    assert sent.status_code == 303
    assert dict(parse_qsl(urlsplit(sent.headers["Location"]).query)) == {"return_to": asked}


def test_a_session_of_another_tenant_is_none_here(app, database, new_tenant, portal):
    other = new_tenant()
    theirs = signed_in(app, database, other, joined(database, other.id)[1])
    assert theirs.get(asking(portal)).status_code == 303


def test_who_says_no_is_believed(browser, portal, app):
    back = allowed(browser, portal, decision="deny")
    assert back == {"error": "access_denied", "state": STATE, "iss": app.config["PUBLIC_URL"],
        "error_description": back["error_description"]
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ABSENT, "code_challenge_method": ABSENT},
        {"code_challenge": ABSENT},
        {"code_challenge_method": ABSENT},
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge": "short"},
        {"code_challenge": CHALLENGE + "="},
        {"scope": "programs:write"},
        {"scope": "everything"},
        {"scope": "group_content:read"},
        {"response_type": "token"},
        {"response_type": ABSENT},
        {"response_type": "code id_token"},
    ],
)
def test_an_unsound_request_is_told_to_the_client_with_our_name(browser, portal, app, changes):
    back = answered(browser.get(asking(portal, **changes)))
    assert back["error"] in (
        "invalid_request",
        "invalid_scope",
        "unsupported_response_type",
        "unauthorized_client",
    )
    assert (back["state"], back["iss"]) == (STATE, app.config["PUBLIC_URL"])
    assert "code" not in back


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "http://127.0.0.1:1/callback"},
        {"redirect_uri": "http://127.0.0.1/other"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": 'https://evil.example/"<>\\'},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ABSENT},
        {"client_id": "nobody"},
        {"client_id": ABSENT},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_clients(browser, portal, changes):
    answer = browser.get(asking(portal, **changes))
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "Location" not in answer.headers
    assert "evil" not in answer.text


def test_a_parameter_given_twice_is_refused(browser, portal):
    twice = browser.get(asking(portal) + "&state=other")
    assert twice.status_code in (302, 400)
    assert "code=" not in twice.headers.get("Location", "")


def test_a_decision_needs_the_page_that_asked(browser, portal):
    asked = asking(portal)
    for forged in ({}, {"csrf_token": "0" * 64}):
        answer = browser.ours.post(asked, data={"decision": "allow", **forged})
        assert answer.status_code == 403
    assert "csrf_token" in browser.get(asked).text


def test_a_code_serves_once_and_the_second_time_ends_what_came_of_it(
    browser, portal, anybody, database, tenant
):
    code = allowed(browser, portal)["code"]
    first = portal.redeem(anybody, code)
    assert anybody.get("/v1/me", headers=bearing(first)).status_code == 200
    refused(portal.redeem(anybody, code), 400, "invalid_grant")
    assert anybody.get("/v1/me", headers=bearing(first)).status_code == 401
    refused(portal.refresh(anybody, first.get_json()["refresh_token"]), 400, "invalid_grant")
    assert [changed for _, changed, _ in audited(database, tenant.id, "client.authorization_ended")] == [
        ["replayed"]
    ]


def test_of_eight_who_bring_one_code_at_once_at_most_one_is_served(browser, portal, app):
    for _ in range(5):
        code = allowed(browser, portal)["code"]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: portal.redeem(app.test_client(), code), range(8)))  # noqa: B023
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


def test_of_eight_who_bring_one_refresh_token_at_once_at_most_one_is_served(browser, portal, app, anybody):
    token = portal.redeem(anybody, allowed(browser, portal)["code"]).get_json()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: portal.refresh(app.test_client(), token), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": ABSENT},
        {"code_verifier": VERIFIER[::-1]},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": ABSENT},
        {"redirect_uri": CALLBACK + "/"},
    ],
)
def test_a_code_without_its_verifier_or_address_is_worth_nothing_and_gone(browser, portal, anybody, changes):
    code = allowed(browser, portal)["code"]
    wrong = portal.redeem(anybody, code, **changes)
    assert wrong.status_code == 400
    assert "access_token" not in wrong.get_json()
    refused(portal.redeem(anybody, code), 400, "invalid_grant")


def test_a_code_is_good_for_a_minute(browser, portal, anybody, servers, tenant):
    code = allowed(browser, portal)["code"]
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        left = superuser.execute(
            "SELECT extract(epoch FROM expires_at - now()) FROM authorization_code WHERE tenant_id = %s",
            [tenant.id],
        ).fetchone()[0]
        assert 0 < left <= 60
        superuser.execute(
            "UPDATE authorization_code SET expires_at = now() WHERE tenant_id = %s", [tenant.id]
        )
    refused(portal.redeem(anybody, code), 400, "invalid_grant")


def test_a_code_is_its_clients_and_its_tenants(browser, portal, anybody, tenant, new_tenant):
    code = allowed(browser, portal)["code"]
    refused(made(tenant).redeem(anybody, code), 400, "invalid_grant")
    refused(made(new_tenant()).redeem(anybody, code), 400, "invalid_grant")
    assert portal.redeem(anybody, code).status_code == 200


def test_a_refresh_token_brings_the_next_and_a_used_one_ends_the_family(browser, portal, anybody):
    first = portal.redeem(anybody, allowed(browser, portal)["code"]).get_json()
    second = portal.refresh(anybody, first["refresh_token"])
    assert second.status_code == 200
    assert second.get_json()["refresh_token"] != first["refresh_token"]
    assert anybody.get("/v1/me", headers=bearing(second)).status_code == 200
    refused(portal.refresh(anybody, first["refresh_token"]), 400, "invalid_grant")
    refused(portal.refresh(anybody, second.get_json()["refresh_token"]), 400, "invalid_grant")
    assert anybody.get("/v1/me", headers=bearing(second)).status_code == 401


def test_a_refresh_token_gives_less_but_never_more_and_is_not_lost_by_asking(browser, portal, anybody):
    code = allowed(browser, portal, scope="me:read programs:read")["code"]
    token = portal.redeem(anybody, code).get_json()["refresh_token"]
    refused(portal.refresh(anybody, token, scope="me:read me:write"), 400, "invalid_scope")
    less = portal.refresh(anybody, token, scope="me:read").get_json()
    assert less["scope"] == "me:read"
    assert portal.refresh(anybody, less["refresh_token"]).get_json()["scope"] == "me:read programs:read"


def test_a_refresh_token_is_its_clients(browser, portal, anybody, tenant):
    token = portal.redeem(anybody, allowed(browser, portal)["code"]).get_json()["refresh_token"]
    refused(made(tenant).refresh(anybody, token), 400, "invalid_grant")
    assert portal.refresh(anybody, token).status_code == 200


def test_a_client_gives_its_tokens_back(browser, portal, anybody, tenant):
    answer = portal.redeem(anybody, allowed(browser, portal)["code"])
    body = answer.get_json()
    other = made(tenant)
    assert other.ask(anybody, {"token": body["access_token"]}, "/oauth/revoke").status_code == 200
    assert anybody.get("/v1/me", headers=bearing(answer)).status_code == 200, "only its own client can"
    assert portal.ask(anybody, {"token": body["access_token"]}, "/oauth/revoke").status_code == 200
    assert anybody.get("/v1/me", headers=bearing(answer)).status_code == 401
    again = portal.refresh(anybody, body["refresh_token"])
    assert (
        portal.ask(anybody, {"token": again.get_json()["refresh_token"]}, "/oauth/revoke").status_code == 200
    )
    assert anybody.get("/v1/me", headers=bearing(again)).status_code == 401
    assert portal.ask(anybody, {"token": "unknown"}, "/oauth/revoke").status_code == 200
    refused(portal.ask(anybody, {}, "/oauth/revoke"), 400, "invalid_request")
    refused(anybody.post("/oauth/revoke", data={"token": "x"}), 401, "invalid_client")


def test_a_public_client_needs_no_secret_and_no_other_goes_without(browser, tenant, portal, anybody):
    page = made(tenant, public=True, name="A page")
    assert page.secret is None
    code = allowed(browser, page)["code"]
    assert page.redeem(anybody, code).status_code == 200
    code = allowed(browser, portal)["code"]
    refused(Portal(portal.id, portal.client_id, None).redeem(anybody, code), 401, "invalid_client")
    refused(anybody.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": page.client_id}),
            401, "invalid_client")  # fmt: skip


def test_a_client_that_was_not_meant_for_people_gets_no_codes(browser, tenant):
    backend = made(tenant, grant_types=["client_credentials"], scopes=["programs:read"])
    assert answered(browser.get(asking(backend)))["error"] == "unauthorized_client"


def test_what_groups_write_is_given_to_no_client_of_a_tenant(tenant, servers, database):
    for scope in sorted(PRIVATE):
        body = {
            "name": "x",
            "grant_types": ["authorization_code"],
            "redirect_uris": [CALLBACK],
            "scopes": [scope],
        }
        answer = tenant.api.post("/v1/clients", json=body)
        assert answer.status_code == 422
        assert [each["code"] for each in answer.get_json()["errors"]] == ["private_scope"]
    with database.tenant(tenant.id) as session, pytest.raises(Exception, match="ck_client_private"):
        session.execute(text("UPDATE client SET scopes = ARRAY['group_content:read']"))
    with database.tenant(tenant.id) as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("UPDATE client SET first_party = true"))


def test_the_products_own_client_may_be_given_it_on_any_port_of_her_machine(
    browser, tenant, database, anybody
):
    from tenants.access.clients import create_own_client

    with database.tenant(tenant.id) as session:
        own = create_own_client(session)
        session.commit()
    client = Portal(str(own.id), own.client_id, None)
    uri = "http://127.0.0.1:53124/callback"
    page = browser.get(asking(client, redirect_uri=uri, scope="group_content:read me:read"))
    assert "Read what your groups write" in page.text
    back = browser.submit(page, decision="allow").headers["Location"]
    assert back.startswith(uri)
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    answer = client.redeem(anybody, code, redirect_uri=uri)
    assert answer.get_json()["scope"] == "group_content:read me:read"
    for other in ("http://localhost:1/callback", "http://127.0.0.1:1/other", "http://127.0.0.1:1/callback?x",
                  "http://127.0.0.1:1@evil.example/callback", "https://127.0.0.1:1/callback"):  # fmt: skip
        assert browser.get(asking(client, redirect_uri=other)).status_code == 400, other
    refusal = tenant.api.post(f"/v1/clients/{own.id}/secret", json={})
    assert (refusal.status_code, refusal.get_json()["code"]) == (403, "first_party")


def test_a_revoked_client_loses_what_people_let_it_do(browser, portal, anybody, tenant):
    answer = portal.redeem(anybody, allowed(browser, portal)["code"])
    assert tenant.api.post(f"/v1/clients/{portal.id}/revocation").status_code == 200
    assert anybody.get("/v1/me", headers=bearing(answer)).status_code == 401
    refused(portal.refresh(anybody, answer.get_json()["refresh_token"]), 401, "invalid_client")


def test_she_takes_back_what_she_let_a_client_do(browser, portal, anybody):
    answer = portal.redeem(anybody, allowed(browser, portal, scope="me:read me:write")["code"])
    listed = anybody.get("/v1/me/authorizations", headers=bearing(answer)).get_json()["items"]
    assert [each["client_name"] for each in listed] == ["Invented Portal"]
    gone = anybody.delete(f"/v1/me/authorizations/{listed[0]['id']}", headers=bearing(answer))
    assert gone.status_code == 204
    assert anybody.get("/v1/me", headers=bearing(answer)).status_code == 401


def test_both_secrets_work_while_a_client_goes_over_to_the_new_one(browser, portal, tenant, anybody):
    new = tenant.api.post(f"/v1/clients/{portal.id}/secret", json={"keep_old_for_seconds": 3600}).get_json()
    renewed = Portal(portal.id, portal.client_id, new["client_secret"])
    for each in (portal, renewed):
        assert each.redeem(anybody, allowed(browser, portal)["code"]).status_code == 200
    tenant.api.post(f"/v1/clients/{portal.id}/secret", json={})
    for each in (portal, renewed):
        refused(each.redeem(anybody, allowed(browser, portal)["code"]), 401, "invalid_client")


def test_codes_and_tokens_are_kept_as_hashes_only(browser, portal, anybody, servers):
    code = allowed(browser, portal)["code"]
    body = portal.redeem(anybody, code).get_json()
    unused = allowed(browser, portal)["code"]
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        tables = [row[0] for row in superuser.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        )]  # fmt: skip
        kept = "".join(
            str(superuser.execute(f"SELECT string_agg(t::text, '') FROM {table} t").fetchone())  # noqa: S608
            for table in tables
        )
    for secret in (code, unused, body["access_token"], body["refresh_token"], browser.cookie()):
        random = secret.rpartition("_")[2]
        assert random not in kept
        assert random.encode().hex() not in kept


def test_metadata_tell_a_strict_client_what_it_must_know(anybody, app):
    said = anybody.get("/.well-known/oauth-authorization-server").get_json()
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["response_types_supported"] == ["code"]
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert re.fullmatch(re.escape(app.config["PUBLIC_URL"]) + "/oauth/[a-z]+", said[name])
    assert set(said["scopes_supported"]) == {permission.value for permission in ALL}


def test_an_idempotency_key_is_its_persons(app, tenant, database):
    """Two people behind one portal who send the same key never hear each other's answer."""
    from tests.factories.people import acting

    first, second = (joined(database, tenant.id)[0] for _ in range(2))
    key = {"Idempotency-Key": f"the-same-{new_id()}"}
    apis = [acting(app, tenant.id, each) for each in (first, second)]
    answers = [api.post("/v1/me/sign-out", headers=key) for api in apis]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Idempotent-Replayed" not in answers[1].headers


def test_a_cursor_of_another_tenant_is_none_here(tenant, new_tenant):
    other = new_tenant()
    for each in (tenant, other):
        for number in range(2):
            each.api.post("/v1/people", json={"name": f"Invented {number}"})
    cursor = other.api.get("/v1/people?limit=1").get_json()["next_cursor"]
    assert tenant.api.get(f"/v1/people?cursor={cursor}").status_code == 400


def test_tokens_of_people_live_no_longer_than_what_she_allowed(database, tenant, member, portal):
    with database.tenant(tenant.id) as session:
        tokens.authorize(
            session, client_id=portal.id, membership_id=member[0], connection_id=None, scopes=["me:read"],
            redirect_uri=CALLBACK, code_challenge=CHALLENGE,
        )  # fmt: skip
        session.flush()
        authorization = session.scalars(text("SELECT expires_at - now() FROM client_authorization")).all()
        assert max(authorization) <= tokens.AUTHORIZATION_LIFETIME
    assert api_for(tenant, "/v1/me").get("/v1/me").status_code == 200


def test_what_is_kept_of_refresh_tokens_tells_the_hour_alone(browser, portal, anybody, tenant, database):
    first = portal.redeem(anybody, allowed(browser, portal)["code"]).get_json()
    assert portal.refresh(anybody, first["refresh_token"]).status_code == 200
    with database.tenant(tenant.id) as session:
        kept = session.execute(text("SELECT id, created_at, used_at, expires_at FROM refresh_token")).all()
    assert len(kept) == 2
    assert sum(row.used_at is not None for row in kept) == 1
    for row in kept:
        assert row.id.version == 4
        moments = [at for at in (row.created_at, row.used_at, row.expires_at) if at is not None]
        assert {(at.minute, at.second, at.microsecond) for at in moments} == {(0, 0, 0)}
