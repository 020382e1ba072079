"""Rate limits as a caller meets them: headers, 429, and what goes on while Valkey is away."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy

from api.limiting import limit_sign_in
from tenants.kernel.errors import RateLimited, Unavailable
from tenants.kernel.limits import Limiter
from tests.conftest import serving
from tests.factories.cohorts import make_cohort
from tests.own_valkey import Clock, running_valkey

CLIENT, TENANT, TOKEN, ADDRESS = 5, 8, 3, 6
POLICY = f'"client";q={CLIENT};w=60, "tenant";q={TENANT};w=60'
LIST = "/v1/programs"
GRANT = {"grant_type": "client_credentials"}
_ITEM = re.compile(r'"([a-z-]+)"((?:;[a-z]=(?:0|[1-9][0-9]{0,14}))+)')


def structured(field):
    """A list of strings with whole numbers as parameters (RFC 9651), read strictly."""
    found = {}
    for item in field.split(", "):
        name, parameters = _ITEM.fullmatch(item).groups()
        assert name not in found
        found[name] = {each[0]: int(each[2:]) for each in parameters[1:].split(";")}
    return found


def limits(answer):
    return structured(answer.headers["RateLimit"])


def too_many(answer):
    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert (answer.get_json()["code"], answer.get_json()["status"]) == ("rate_limited", 429)
    told = limits(answer)
    assert {each["r"] for each in told.values()} == {0}
    assert int(answer.headers["Retry-After"]) == max(each["t"] for each in told.values())
    return told


@pytest.fixture(scope="module")
def own_settings(settings):
    return replace(
        settings,
        redis_url=f"{settings.redis_url}?db=3",
        requests_per_minute_client=CLIENT,
        requests_per_minute_tenant=TENANT,
        tokens_per_minute_client=TOKEN,
        sign_ins_per_minute_address=ADDRESS,
    )


@pytest.fixture(scope="module")
def strict(own_settings):
    """An app with small limits and a clock that the test moves."""
    yield from serving(own_settings)


@pytest.fixture
def clock(strict, own_settings):
    clock = Clock(own_settings.redis_url)
    strict.extensions["limiter"] = Limiter(own_settings.redis_url, clock=Clock.LUA)
    yield clock
    clock.close()


@pytest.fixture
def valkey(strict):
    """The app's Valkey, of this test's own."""
    with running_valkey() as valkey:
        strict.extensions["limiter"] = Limiter(valkey.url, pause=0)
        yield valkey


@pytest.fixture
def caller(strict, clock):
    """A client of the app with small limits, by a token that the usual app gave."""

    def of(tenant):
        return speaking(strict, tenant.api.token)

    return of


def speaking(strict, token):
    api = strict.test_client()
    api.token = token
    return api


def another_client(tenant):
    """The token of a second client of the same tenant."""
    made = tenant.api.post("/v1/clients", json={"name": "Second"}).get_json()
    answer = tenant.api.post("/oauth/token", data=GRANT, auth=(made["client_id"], made["client_secret"]))
    return answer.get_json()["access_token"]


def ask_token(strict, who="nobody", address="192.0.2.1", **headers):
    return strict.test_client().post(
        "/oauth/token",
        data=GRANT,
        auth=(who, "wrong"),
        environ_base={"REMOTE_ADDR": address},
        headers=headers,
    )


def test_every_answer_tells_the_limits_and_what_is_left_of_them(tenant, caller):
    api = caller(tenant)
    for number in range(1, 4):
        answer = api.get(LIST)
        assert answer.headers["RateLimit-Policy"] == POLICY
        assert structured(POLICY) == {"client": {"q": CLIENT, "w": 60}, "tenant": {"q": TENANT, "w": 60}}
        client, left = limits(answer)["client"], CLIENT - number
        assert client == {"r": left, "t": 60 * left // CLIENT}
        assert limits(answer)["tenant"]["r"] == TENANT - number
    missing = api.get("/v1/programs/00000000-0000-0000-0000-000000000000")
    assert (missing.status_code, limits(missing)["client"]["r"]) == (404, CLIENT - 4)


def test_a_burst_is_cut_at_the_limit_and_goes_on_when_retry_after_says(tenant, caller, clock):
    api = caller(tenant)
    answers = [api.get(LIST) for _ in range(CLIENT + 2)]
    assert [answer.status_code for answer in answers] == [200] * CLIENT + [429] * 2
    assert set(too_many(answers[-1])) == {"client"}
    assert answers[-1].headers["RateLimit-Policy"] == POLICY
    clock.move(1000 * (int(answers[-1].headers["Retry-After"]) - 1))
    too_many(api.get(LIST))
    clock.move(1000)
    assert api.get(LIST).status_code == 200


def test_the_burst_of_one_tenant_is_not_felt_by_another(tenant, new_tenant, caller):
    loud, quiet = caller(tenant), caller(new_tenant())
    for _ in range(TENANT):
        loud.get(LIST)
    answer = quiet.get(LIST)
    assert (answer.status_code, limits(answer)["tenant"]["r"]) == (200, TENANT - 1)


def test_a_tenants_limit_is_that_of_all_its_clients_and_no_refused_request_uses_it_up(tenant, caller, strict):
    first, second = caller(tenant), speaking(strict, another_client(tenant))
    for _ in range(3 * CLIENT):
        first.get(LIST)
    answers = [second.get(LIST) for _ in range(TENANT - CLIENT + 1)]
    assert [answer.status_code for answer in answers] == [200] * (TENANT - CLIENT) + [429]
    assert set(too_many(answers[-1])) == {"tenant"}


def test_a_refused_request_changes_nothing(tenant, caller):
    api = caller(tenant)
    for _ in range(CLIENT):
        api.get(LIST)
    too_many(api.post(LIST, json={"name": "Too many"}, headers={"Idempotency-Key": "again"}))
    assert tenant.api.get(LIST).get_json()["items"] == []
    made = tenant.api.post(LIST, json={"name": "Too many"}, headers={"Idempotency-Key": "again"})
    assert made.status_code == 201
    assert "Idempotent-Replayed" not in made.headers


def test_in_parallel_no_more_than_the_limit_is_answered(tenant, caller):
    start = Barrier(8)

    def ask(_):
        api = caller(tenant)
        start.wait()
        return [api.get(LIST).status_code for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(status for statuses in pool.map(ask, range(8)) for status in statuses)
    assert answers == [200] * CLIENT + [429] * (24 - CLIENT)


def test_a_file_is_one_request_though_its_sender_is_authorised_twice(tenant, caller):
    cohort = make_cohort(tenant.api)
    made = tenant.api.post(f"{cohort}/imports", json={"mapping": {"external_id": "id"}})
    answer = caller(tenant).put(f"{made.headers['Location']}/file", data=b"id\nP1\n", content_type="text/csv")
    assert (answer.status_code, limits(answer)["client"]["r"]) == (202, CLIENT - 1)


def test_who_is_not_known_and_what_is_public_takes_from_no_limit(tenant, strict, caller):
    anybody = strict.test_client()
    for path in ("/healthz", "/readyz", "/docs", "/v1/openapi.json"):
        for _ in range(TENANT + 1):
            answer = anybody.get(path)
            assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)
    forged = tenant.api.token[:-1] + ("0" if tenant.api.token[-1] != "0" else "1")
    for _ in range(TENANT + 1):
        assert speaking(strict, forged).get(LIST).status_code == 401
    assert limits(caller(tenant).get(LIST))["tenant"]["r"] == TENANT - 1


def test_tokens_are_asked_for_seldom_and_before_the_database_is(strict, clock, tenant):
    answers = [ask_token(strict, tenant.client_id) for _ in range(TOKEN)]
    assert {answer.status_code for answer in answers} == {401}
    asked = []
    engine = strict.extensions["database"].engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said))
    refused = ask_token(strict, tenant.client_id)
    assert set(too_many(refused)) == {"token"}
    assert asked == []
    assert refused.headers["RateLimit-Policy"] == f'"token";q={TOKEN};w=60, "address";q={ADDRESS};w=60'
    clock.move(1000 * int(refused.headers["Retry-After"]))
    granted = strict.test_client().post(
        "/oauth/token", data=GRANT, auth=(tenant.client_id, tenant.client_secret)
    )
    assert granted.status_code == 200
    assert set(limits(granted)) == {"token", "address"}


def test_nobody_uses_up_from_elsewhere_what_is_a_clients(strict, clock, tenant):
    for _ in range(TOKEN + 1):
        answer = ask_token(strict, tenant.client_id, "192.0.2.1")
    too_many(answer)
    assert ask_token(strict, tenant.client_id, "192.0.2.2").status_code == 401


def test_from_one_address_the_tokens_of_all_clients_are_counted(strict, clock):
    for number in range(ADDRESS):
        assert ask_token(strict, f"client {number}").status_code == 401
    assert set(too_many(ask_token(strict, "another"))) == {"address"}
    assert ask_token(strict, "another", "192.0.2.2").status_code == 401


def test_a_household_with_many_ipv6_addresses_is_one(strict, clock):
    for number in range(ADDRESS):
        assert ask_token(strict, "x" * number, f"2001:db8::{number + 1:x}").status_code == 401
    too_many(ask_token(strict, "another", "2001:db8::ffff:1"))
    assert ask_token(strict, "another", "2001:db8:0:1::1").status_code == 401


def test_an_address_that_a_caller_claims_is_believed_of_a_trusted_proxy_only(own_settings, strict, clock):
    for number in range(ADDRESS + 1):
        answer = ask_token(strict, f"client {number}", **{"X-Forwarded-For": f"198.51.100.{number}"})
    too_many(answer)
    with contextmanager(serving)(replace(own_settings, trusted_proxies=1)) as behind:
        behind.extensions["limiter"] = strict.extensions["limiter"]
        for number in range(ADDRESS + 1):
            said = f"203.0.113.9, 198.51.100.{number}"
            assert ask_token(behind, "anybody", **{"X-Forwarded-For": said}).status_code == 401


def test_steps_to_sign_in_are_counted_by_tenant_and_by_address(strict, clock):
    def step(tenant, address):
        with strict.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
            limit_sign_in(tenant)

    for _ in range(ADDRESS):
        step("first", "192.0.2.1")
    with pytest.raises(RateLimited, match="address"):
        step("second", "192.0.2.1")
    for _ in range(TENANT - ADDRESS):
        step("first", "192.0.2.2")
    with pytest.raises(RateLimited, match="sign-in"):
        step("first", "192.0.2.3")
    step("second", "192.0.2.3")


def test_without_valkey_lists_go_on_up_to_the_limit_and_nobody_is_let_in(tenant, strict, valkey):
    api = speaking(strict, tenant.api.token)
    assert api.get(LIST).status_code == 200
    valkey.stop()
    answers = [api.get(LIST) for _ in range(CLIENT + 1)]
    assert [answer.status_code for answer in answers] == [200] * CLIENT + [429]
    too_many(answers[-1])
    for _ in range(2):
        refused = ask_token(strict, tenant.client_id)
        assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    with strict.test_request_context("/"), pytest.raises(Unavailable):
        limit_sign_in("first")
    valkey.start()
    assert ask_token(strict, tenant.client_id).status_code == 401
    assert api.get(LIST).status_code == 200


def test_calendars_are_counted_each_and_by_address_apart_from_signing_in_and_go_on_without_valkey(
    strict, valkey
):
    def asked(name, address="192.0.2.9"):
        return strict.test_client().get(f"/calendar/{name}.ics", environ_base={"REMOTE_ADDR": address})

    assert [asked("one").status_code for _ in range(TOKEN + 1)] == [404] * TOKEN + [429]
    too_many(asked("one"))
    assert [asked(f"other-{number}").status_code for number in range(ADDRESS - TOKEN + 1)][-2:] == [404, 429]
    assert asked("one", address="192.0.2.10").status_code == 404
    assert ask_token(strict, address="192.0.2.9").status_code == 401
    valkey.stop()
    assert asked("one").status_code == 404


def test_a_valkey_that_says_nothing_does_not_keep_a_list_waiting_for_ever(tenant, strict, valkey):
    api = speaking(strict, tenant.api.token)
    valkey.freeze()
    assert api.get(LIST).status_code == 200
    assert ask_token(strict, tenant.client_id).status_code == 503
    valkey.thaw()
    assert ask_token(strict, tenant.client_id).status_code == 401
