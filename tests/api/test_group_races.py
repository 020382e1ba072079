"""Requests that meet in one group: whoever comes second is told what is true by then. All of it is invented."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.conftest import eventually
from tests.factories.circles import circle_of
from tests.factories.group_life import days_ahead

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'peerloom_app' AND wait_event_type = 'Lock'"
MEETING = {"starts_at_local": days_ahead(3), "time_zone": "UTC"}
WRITES = [
    ("put", "/confirmation", {"answer": "confirmed"}),
    ("post", "/invitations", {"name": "nobody"}),
    ("post", "/charter/versions", {"text": "Invented", "builds_on": 1}),
    ("put", "/charter/versions/1/signature", None),
    ("put", "/curriculum", {"topics": [{"title": "Invented"}], "builds_on": 0}),
    ("post", "/agenda-items", {"title": "Invented"}),
    ("post", "/anonymous-questions", {"title": "Invented"}),
    ("post", "/meetings", MEETING),
    ("post", "/meeting-series", MEETING),
    ("post", "/retrospectives", None),
    ("put", "/pause", {"until": None}),
    ("post", "/departure", {"then": "wait"}),
]


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=4, state="announced")


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_who_left_by_another_request_while_one_waited_is_a_stranger_to_the_group(
    circle, servers, superuser, method, path, body
):
    first = circle.api(1).post(f"{circle.url}/charter/versions", json={"text": "Invented", "builds_on": 0})
    assert first.status_code == 201
    api = circle.api()
    with psycopg.connect(servers.url_as("postgres")) as leaves, ThreadPoolExecutor(1) as pool:
        leaves.execute("SELECT FROM peer_group WHERE id = %s FOR UPDATE", [circle.id])
        leaves.execute(
            "UPDATE group_member SET left_at = now() WHERE group_id = %s AND membership_id = %s",
            [circle.id, circle.members[0]],
        )
        asked = pool.submit(getattr(api, method), circle.url + path, json=body)
        eventually(lambda: asked.done() or superuser.execute(WAITS).fetchone()[0])
        leaves.commit()
        answer = asked.result()
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
