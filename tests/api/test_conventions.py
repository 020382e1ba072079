"""What every route has in common: problems, pages, versions, keys, names of requests, documentation."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest
import yaml
from flask.testing import FlaskClient
from sqlalchemy import text

from api.app import create_app, openapi_yaml
from api.errors import STATUS
from tenants.cohorts import queries
from tenants.kernel import errors
from tenants.kernel.doorbell import open_database
from tenants.kernel.ids import bearer, new_id
from tenants.kernel.session import Database
from tests.contract import ContractClient, document
from tests.factories.people import api_for

METHODS = ("get", "post", "put", "patch", "delete")
GUARDED = [
    (method, path)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method in METHODS and any("oauth" in each for each in operation.get("security", ()))
]


def problem(answer, status, code=None):
    body = answer.get_json()
    assert answer.status_code == status, body
    assert answer.mimetype == "application/problem+json"
    assert body["status"] == status
    assert body["type"] == f"urn:peerloom:problem:{body['code']}"
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert body["detail"].endswith((".", "…")) or " " in body["detail"]
    assert code is None or body["code"] == code
    return body


def program(tenant, name="Circles"):
    return tenant.api.post("/v1/programs", json={"name": name})


def test_every_domain_error_has_a_status():
    def descendants(kind):
        for each in kind.__subclasses__():
            yield each
            yield from descendants(each)

    assert set(STATUS) <= set(descendants(errors.DomainError))
    assert all(STATUS.keys() & set(kind.__mro__) for kind in descendants(errors.DomainError))


def test_every_refusal_is_a_problem_of_its_own_status(tenant, app):
    api = tenant.api
    problem(api.post("/v1/programs", data="{", content_type="application/json"), 400)
    problem(api.post("/v1/programs", data=b"\xff", content_type="application/json"), 400)
    problem(api.post("/v1/programs", data='{"name": NaN}', content_type="application/json"), 400)
    problem(app.test_client().get("/v1/programs"), 401, "unauthenticated")
    problem(api.get(f"/v1/programs/{new_id()}"), 404, "not_found")
    problem(api.get("/v1/nothing"), 404)
    problem(api.post("/v1/programs", data="x" * (1 << 21), content_type="application/json"), 413)
    problem(api.post("/v1/programs", data="name=x"), 415)
    problem(api.post("/v1/programs", data='{"name": "x"}', content_type="text/plain"), 415)
    problem(api.post("/v1/programs", json={"name": ""}), 422, "invalid")
    problem(api.post("/v1/programs", json=["name"]), 422)


def test_a_wrong_method_is_answered_with_the_right_ones(tenant):
    answer = tenant.api.delete("/v1/programs")
    problem(answer, 405)
    assert {"GET", "POST"} <= {name.strip() for name in answer.headers["Allow"].split(",")}
    assert "DELETE" not in answer.headers["Allow"]


def test_a_conflict_is_a_409(tenant):
    made = tenant.api.post("/v1/clients", json={"name": "x"}).get_json()
    tenant.api.post(f"/v1/clients/{made['id']}/revocation")
    problem(tenant.api.post(f"/v1/clients/{made['id']}/revocation"), 409, "client_revoked")


def test_an_edit_without_a_version_is_428_and_of_a_stale_one_412(tenant):
    made = program(tenant)
    url = made.headers["Location"]
    problem(tenant.api.patch(url, json={"name": "x"}), 428, "precondition_required")
    problem(tenant.api.patch(url, json={"name": "x"}, headers={"If-Match": '"7"'}), 412, "stale_version")
    assert tenant.api.get(url).get_json() == made.get_json()


def test_of_eight_edits_of_one_version_one_succeeds(tenant, app):
    url = program(tenant).headers["Location"]
    start = Barrier(8)

    def edit(number):
        api = app.test_client()
        api.token = tenant.api.token
        start.wait()
        return api.patch(url, json={"name": f"Name {number}"}, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(edit, range(8)))
    assert answers == [200] + [412] * 7
    assert tenant.api.get(url).get_json()["version"] == 2


def test_a_fault_of_ours_is_a_problem_that_tells_nothing(tenant, settings, monkeypatch):
    own = create_app(settings)

    def broken():
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(queries, "programs", broken)
    client = FlaskClient(own, own.response_class)
    answer = client.get("/v1/programs", headers={"Authorization": f"Bearer {tenant.api.token}"})
    own.extensions["database"].dispose()
    problem(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_without_a_database_the_answer_is_to_come_again(settings):
    own = create_app(settings)
    gone = settings.database_url.replace("/peerloom?", "/gone?")
    own.extensions["database"].dispose()
    own.extensions["database"] = Database(gone)
    client = FlaskClient(own, own.response_class)
    answer = client.get("/v1/programs", headers={"Authorization": f"Bearer {bearer('plt', new_id())}"})
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"]
    ready = client.get("/readyz")
    assert (ready.status_code, client.get("/healthz").status_code) == (503, 200)
    assert "gone" not in ready.text


def test_a_cursor_is_good_for_its_own_list_only(tenant, new_tenant):
    other = new_tenant()
    for who in (tenant, other):
        for number in range(3):
            program(who, f"Program {number}")
    cursor = tenant.api.get("/v1/programs?limit=1").get_json()["next_cursor"]
    middle = len(cursor) // 2
    tampered = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    foreign = other.api.get("/v1/programs?limit=1").get_json()["next_cursor"]
    for wrong in (tampered, foreign, "", "x", "\x00", "é", cursor + "x", "." * 900, "x" * 1001):
        answer = tenant.api.get("/v1/programs", query_string={"cursor": wrong})
        assert answer.status_code == 400 if wrong in (tampered, foreign) else answer.status_code in (400, 422)
        assert problem(answer, answer.status_code)["errors"][0]["pointer"] == "?cursor", wrong
    problem(tenant.api.get("/v1/clients", query_string={"cursor": cursor}), 400)
    assert tenant.api.get("/v1/programs", query_string={"cursor": cursor}).status_code == 200


def test_cursors_outlast_a_change_of_the_key_that_signs_them(tenant, settings):
    for number in range(3):
        assert tenant.api.post("/v1/programs", json={"name": f"Program {number}"}).status_code == 201

    def listed(*keys, **query):
        own = create_app(replace(settings, secret_key=keys))
        client = FlaskClient(own, own.response_class)
        bearing = {"Authorization": f"Bearer {tenant.api.token}"}
        answer = client.get("/v1/programs", query_string={"limit": "1", **query}, headers=bearing)
        own.extensions["database"].dispose()
        return answer.status_code, answer.get_json().get("next_cursor")

    former, new = "f" * 32, "n" * 32
    _, first = listed(former)
    assert listed(former, new, cursor=first)[0] == 200
    _, second = listed(new, former, cursor=first)
    assert listed(new, cursor=second)[0] == 200
    assert listed(former, cursor=second)[0] == 400
    assert listed(new, cursor=first)[0] == 400


def test_a_cursor_of_another_filter_is_refused(tenant):
    ids = [program(tenant).get_json()["id"] for _ in range(2)]
    for _ in range(3):
        tenant.api.post("/v1/cohorts", json={"program_id": ids[0], "name": "x"})
    cursor = tenant.api.get(f"/v1/cohorts?limit=1&program_id={ids[0]}").get_json()["next_cursor"]
    assert cursor
    for wrong in (f"program_id={ids[1]}&", ""):
        problem(tenant.api.get(f"/v1/cohorts?{wrong}cursor={cursor}"), 400)
    assert tenant.api.get(f"/v1/cohorts?program_id={ids[0]}&cursor={cursor}").status_code == 200


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "9" * 30, "１"])
def test_a_page_has_1_to_100_rows(tenant, limit):
    answer = tenant.api.get("/v1/programs", query_string={"limit": limit})
    assert problem(answer, 422)["errors"][0]["pointer"] == "?limit"


def test_a_list_is_whole_while_rows_are_added(tenant):
    first = [program(tenant, f"Program {number}").get_json()["id"] for number in range(5)]
    seen, url = [], "/v1/programs?limit=2"
    while url:
        answer = tenant.api.get(url)
        seen += [item["id"] for item in answer.get_json()["items"]]
        url = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        if len(seen) == 2:
            first.append(program(tenant, "Late").get_json()["id"])
    assert seen == first


def test_eight_requests_with_one_key_have_one_effect(tenant, app):
    start = Barrier(8)

    def post(_):
        api = app.test_client()
        api.token = tenant.api.token
        start.wait()
        return api.post("/v1/programs", json={"name": "Once"}, headers={"Idempotency-Key": "once"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.get_json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "request_in_progress")
    assert [item["id"] for item in tenant.api.get("/v1/programs").get_json()["items"]] == list(made)


def test_a_key_belongs_to_one_client_one_route_and_one_request(tenant, new_tenant):
    key = {"Idempotency-Key": "the-key"}
    first = tenant.api.post("/v1/programs", json={"name": "x"}, headers=key)
    again = tenant.api.post("/v1/programs", json={"name": "x"}, headers=key)
    assert (again.get_json(), again.headers["Location"]) == (first.get_json(), first.headers["Location"])
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    other = tenant.api.post("/v1/programs", json={"name": "y"}, headers=key)
    assert problem(other, 422)["errors"][0]["code"] == "key_reused"
    assert tenant.api.post("/v1/clients", json={"name": "x"}, headers=key).status_code == 201
    assert new_tenant().api.post("/v1/programs", json={"name": "x"}, headers=key).status_code == 201
    assert len(tenant.api.get("/v1/programs").get_json()["items"]) == 1


def test_a_token_that_may_do_less_is_not_told_what_another_was_answered(tenant):
    key = {"Idempotency-Key": "narrow"}
    program = tenant.api.post("/v1/programs", json={"name": "x"}).get_json()["id"]
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program, "name": "y"}).headers["Location"]
    told = {"kind": "products", "mapping": {"external_id": "id", "kind": "what"}}
    assert tenant.api.post(f"{cohort}/imports", json=told, headers=key).status_code == 201
    form = {"grant_type": "client_credentials", "scope": "participants:write"}
    answer = tenant.api.post("/oauth/token", data=form, auth=(tenant.client_id, tenant.client_secret))
    narrow = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    again = tenant.api.post(f"{cohort}/imports", json=told, headers=key | narrow)
    assert problem(again, 422)["errors"][0]["code"] == "key_reused"


def test_a_refused_request_does_not_use_its_key_up(tenant):
    key = {"Idempotency-Key": "again"}
    problem(tenant.api.post("/v1/programs", json={"name": ""}, headers=key), 422)
    assert tenant.api.post("/v1/programs", json={"name": "x"}, headers=key).status_code == 201


def test_an_old_key_is_forgotten(tenant, servers):
    key = {"Idempotency-Key": "old"}
    first = tenant.api.post("/v1/programs", json={"name": "x"}, headers=key).get_json()
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        superuser.execute(
            "UPDATE idempotency_record SET expires_at = now() WHERE tenant_id = %s", [tenant.id]
        )
    second = tenant.api.post("/v1/programs", json={"name": "x"}, headers=key).get_json()
    assert second["id"] != first["id"]


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "\u00e9"])
def test_a_key_that_is_none_is_refused(tenant, key):
    answer = tenant.api.post("/v1/programs", json={"name": "x"}, headers={"Idempotency-Key": key})
    problem(answer, 422)
    assert tenant.api.get("/v1/programs").get_json()["items"] == []


def test_what_has_not_changed_is_not_sent_again(tenant):
    made = program(tenant)
    url, etag = made.headers["Location"], made.headers["ETag"]
    assert etag == '"1"'
    same = tenant.api.get(url, headers={"If-None-Match": etag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    tenant.api.patch(url, json={"name": "Pods"}, headers={"If-Match": etag})
    assert tenant.api.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_a_request_is_named_by_its_caller_or_by_us(tenant):
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    named = tenant.api.get("/v1/tenant", headers={"X-Request-Id": "my.request-1", "traceparent": trace})
    assert named.headers["X-Request-Id"] == "my.request-1"
    assert named.headers["traceparent"] == trace
    for strange in ("x" * 65, "two words", "<b>"):
        answer = tenant.api.get("/v1/tenant", headers={"X-Request-Id": strange, "traceparent": strange})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", answer.headers["traceparent"])
    first, second = (tenant.api.get("/v1/tenant").headers["X-Request-Id"] for _ in range(2))
    assert first != second


def test_an_unknown_query_parameter_is_refused_everywhere(tenant):
    wrong = []
    for method, path in GUARDED:
        url = re.sub(r"\{\w+\}", str(new_id()), path.replace("{number}", "1"))
        api = api_for(tenant, path, method)
        answer = api.open(url, method=method.upper(), query_string={"surely_unknown": "1"})
        broken = answer.get_json()["errors"] if answer.status_code == 422 else []
        if not any(
            each["pointer"] == "?surely_unknown" and each["code"] == "unknown_parameter" for each in broken
        ):
            wrong.append((method, path, answer.status_code))
    assert GUARDED
    assert wrong == []


def test_a_parameter_given_twice_is_refused(tenant):
    answer = tenant.api.get("/v1/programs?limit=1&limit=2")
    assert {each["code"] for each in problem(answer, 422)["errors"]} == {"repeated"}


def test_every_broken_field_is_named_at_once(tenant):
    answer = tenant.api.post("/v1/programs", json={"name": 5, "colour": "red", "labels": {"group": ""}})
    pointers = {error["pointer"] for error in problem(answer, 422)["errors"]}
    assert {"/name", "/colour"} <= pointers
    assert any(pointer.startswith("/labels/group") for pointer in pointers)


def test_a_change_is_told_in_the_feed_with_who_made_it_and_a_refused_one_is_not(tenant, database):
    url = program(tenant).headers["Location"]
    problem(tenant.api.patch(url, json={"name": ""}, headers={"If-Match": '"1"'}), 422)
    tenant.api.patch(url, json={"name": "Pods"}, headers={"If-Match": '"1"'})
    told = "SELECT type, changed, actor FROM event WHERE subject_id = :id ORDER BY id"
    with database.tenant(tenant.id) as session:
        rows = session.execute(text(told), {"id": url.rpartition("/")[2]}).all()
    assert [row.type for row in rows] == ["program.created", "program.updated"]
    assert rows[1].changed == ["name"]
    assert {row.actor.replace("-", "") for row in rows} == {tenant.client_id.rpartition("_")[2]}


def test_the_four_public_pages_need_no_token(app):
    anybody = app.test_client()
    assert anybody.get("/healthz").get_json() == {"status": "ok"}
    assert anybody.get("/readyz").get_json() == {"status": "ready"}
    assert anybody.get("/v1/openapi.json").get_json()["openapi"].startswith("3.1")
    assert anybody.get("/docs").status_code == 200


def test_the_documentation_loads_nothing_that_is_not_ours(app):
    anybody = app.test_client()
    page = anybody.get("/docs")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/docs/")
        with anybody.get(address) as asset:
            assert asset.status_code == 200
    assert "//" not in anybody.get("/docs/start.js").text
    for strange in ("..%2fapp.py", "swagger-ui.css.map", "index.html", "%00"):
        assert anybody.get(f"/docs/{strange}").status_code == 404


def test_the_document_says_of_every_operation_what_it_is_and_how_it_refuses():
    served = yaml.safe_load(openapi_yaml())
    names = [operation["operationId"] for _, _, operation in operations(served)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(served):
        assert operation["summary"], path
        if any("oauth" in each for each in operation["security"]):
            assert {"401", "403", "422"} <= set(operation["responses"]), path
            assert ("404" in operation["responses"]) or "{" not in path, path
        if method == "post" and path.startswith("/v1/"):
            assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}, path
        declared = set(re.findall(r"\{(\w+)\}", path))
        item = served["paths"][path].get("parameters", []) + operation.get("parameters", [])
        assert declared == {each["name"] for each in item if each.get("in") == "path"}, path


def operations(served):
    for path, item in served["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def test_addresses_and_fields_are_spelled_one_way():
    served = document()
    for path in served["paths"]:
        if path.startswith("/v1/"):
            assert re.fullmatch(r"(/([a-z0-9-]+|\{[a-z_]+\}))+", path.replace("openapi.json", "openapi")), (
                path
            )
    for name, schema in served["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", field), (name, field)


def test_a_request_does_not_wait_long_for_a_row_that_another_holds(settings, tenant, database):
    program = tenant.api.post("/v1/programs", json={"name": "x"}).headers["Location"]
    hasty = create_app(settings)
    hasty.test_client_class = ContractClient
    hasty.extensions["database"].dispose()
    hasty.extensions["database"] = open_database(settings, lock_seconds=1)
    api = hasty.test_client()
    api.token = tenant.api.token
    with database.tenant(tenant.id) as session:
        session.execute(text("SELECT FROM program FOR UPDATE"))
        answer = api.patch(program, json={"name": "y"}, headers={"If-Match": '"1"'})
    problem(answer, 503, "busy")
    assert answer.headers["Retry-After"] == "5"
    assert api.patch(program, json={"name": "y"}, headers={"If-Match": '"1"'}).status_code == 200
    hasty.extensions["database"].dispose()
