"""What no friendly client sends: it is refused by name, quickly, and changes nothing."""

import gzip
import io
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.app import LARGEST_BODY
from tenants.cohorts.values import InvalidValue, ValueReader
from tests.contract import document
from tests.factories.cohorts import TWO, make_cohort

STREAMED = {"wsgi.input_terminated": True}
"""How gunicorn says that a body may end before its Content-Length."""


def refused(answer, status, code=None):
    body = answer.get_json()
    assert answer.status_code == status, body
    assert code is None or body["code"] == code
    return body


def pointers(answer):
    return [error["pointer"] for error in refused(answer, 422)["errors"]]


def new_import(api, **said):
    asked = {"mapping": {"external_id": "id"}, **said}
    return api.post(f"{make_cohort(api)}/imports", json=asked)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_that_is_none_in_utc_is_refused(tenant, moment):
    assert pointers(tenant.api.get(f"/v1/products?updated_since={moment}")) == ["?updated_since"]


@pytest.mark.parametrize(
    "uri", ["https://a/\0", "https://a/\r\nb", "https://a b/", "https://a:99999/", "https://é/"]
)
def test_an_address_that_no_browser_returns_to_is_refused(tenant, uri):
    answer = tenant.api.post("/v1/clients", json={"name": "App", "redirect_uris": [uri]})
    assert set(pointers(answer)) == {"/redirect_uris/0"}


@pytest.mark.parametrize("name", ["a" * 1_000_000 + "\x01", " " * 1_000_000, "\xa0\n", " " + "a" * 200])
def test_a_long_text_is_refused_as_quickly_as_a_short_one(tenant, name):
    began = time.process_time()
    assert pointers(tenant.api.post("/v1/programs", json={"name": name}))[0] == "/name"
    assert time.process_time() - began < 1


def test_a_long_cell_that_is_no_number_is_refused_quickly():
    began = time.process_time()
    with pytest.raises(InvalidValue):
        ValueReader(key="n", kind="number", levels=[], is_open=True).from_cell("1" * 100_000 + "x")
    assert time.process_time() - began < 1


def test_an_email_address_holds_no_control_character(tenant):
    url = f"{make_cohort(tenant.api)}/participants"
    answer = tenant.api.post(url, json={"external_id": "P1", "email": '"\x01"@example.org'})
    assert pointers(answer) == ["/email"]


def test_a_request_of_ten_thousand_faults_is_told_of_a_hundred(tenant):
    said = {f"unknown_{number}": 1 for number in range(10_000)}
    assert len(pointers(tenant.api.post("/v1/programs", json=said))) == 100


def test_every_pattern_of_the_document_is_one_that_javascript_knows():
    def patterns(node):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key == "pattern" and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from patterns(value)

    found = set(patterns(document()))
    assert found
    assert not [pattern for pattern in found if re.search(r"\\[AZzabB]|\(\?[^:=!]", pattern)]


def test_a_chunked_body_beyond_the_limit_is_too_large_rather_than_cut(tenant):
    whole = b'{"name": "Circles"}' + b" " * LARGEST_BODY
    body = {"input_stream": io.BytesIO(whole), "environ_overrides": STREAMED}
    refused(tenant.api.post("/v1/programs", content_type="application/json", **body), 413)
    assert tenant.api.get("/v1/programs").get_json()["items"] == []


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_file_that_ends_before_its_content_length_is_refused_and_can_be_sent_again(tenant, coding):
    url = new_import(tenant.api).headers["Location"]
    sent = gzip.compress(TWO.encode()) if coding == "gzip" else TWO.encode()
    cut = {"input_stream": io.BytesIO(sent), "environ_overrides": {**STREAMED, "CONTENT_LENGTH": "5000"}}
    said = {"content_type": "text/csv", "headers": {"Content-Encoding": coding}}
    assert (
        "short of its Content-Length" in refused(tenant.api.put(f"{url}/file", **said, **cut), 400)["detail"]
    )
    assert tenant.api.get(url).get_json()["state"] == "awaiting_file"


def test_a_garbled_chunk_is_the_callers_fault(tenant):
    class Garbled(io.BytesIO):
        def readinto(self, _):
            raise InvalidChunkSize(b"zz")

    body = {"input_stream": Garbled(), "environ_overrides": STREAMED}
    refused(tenant.api.post("/v1/programs", content_type="application/json", **body), 400, "bad_request")


def test_a_doubled_slash_is_no_redirect_to_a_host_that_the_caller_names(tenant):
    refused(tenant.api.get("/v1//programs", headers={"Host": "evil.example"}), 404, "not_found")


def test_any_version_at_hand_is_current_to_who_asks_for_changes_only(tenant):
    assert tenant.api.get("/v1/tenant", headers={"If-None-Match": "*"}).status_code == 304


def test_of_eight_who_define_one_attribute_one_does_and_seven_are_told(tenant, app):
    program = tenant.api.post("/v1/programs", json={"name": "Circles"}).get_json()["id"]

    def define(_):
        api = app.test_client()
        api.token = tenant.api.token
        asked = {"key": "award", "label": "Award", "kind": "text"}
        return api.post(f"/v1/programs/{program}/attributes", json=asked).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(define, range(8))) == [201] + [409] * 7


def test_of_eight_who_change_a_clients_secret_at_once_the_late_ones_are_told_with_a_409(tenant, app):
    client = tenant.api.post("/v1/clients", json={"name": "App"}).get_json()["id"]

    def rotate(_):
        api = app.test_client()
        api.token = tenant.api.token
        return api.post(f"/v1/clients/{client}/secret").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(rotate, range(8))) <= {200, 409}


@pytest.mark.parametrize("kind", ["products", "career_events"])
def test_who_may_not_record_outcomes_may_not_import_them_either(tenant, new_tenant, kind):
    said = {"kind": kind, "mapping": {"external_id": "id", "kind": "kind"}}
    weak = new_tenant(scopes=["programs:read", "programs:write", "participants:read", "participants:write"])
    refused(new_import(weak.api, **said), 403, "insufficient_scope")

    asked = tenant.api.post(
        "/v1/clients", json={"name": "Rosters", "scopes": ["participants:write"]}
    ).get_json()
    url = new_import(tenant.api, **said).headers["Location"]
    form = {"grant_type": "client_credentials"}
    auth = (asked["client_id"], asked["client_secret"])
    token = tenant.api.application.test_client().post("/oauth/token", data=form, auth=auth).get_json()
    held = {"Authorization": f"Bearer {token['access_token']}"}
    file = {"data": b"id,kind\nP1,other\n", "content_type": "text/csv"}
    refused(tenant.api.put(f"{url}/file", headers=held, **file), 403, "insufficient_scope")
    refused(tenant.api.post(f"{url}/cancellation", headers=held), 403, "insufficient_scope")
    assert tenant.api.get(url).get_json()["state"] == "awaiting_file"


def test_no_error_of_the_database_says_what_was_written(tenant, database, caplog):
    secret = tenant.client_secret
    with database.tenant(tenant.id) as session, pytest.raises(SQLAlchemyError) as failed:
        session.execute(text("SELECT CAST(:secret AS text) FROM no_such_table"), {"secret": secret})
    logging.getLogger(__name__).error("unexpected", exc_info=failed.value)
    assert "no_such_table" in caplog.text
    assert secret not in caplog.text
