"""How one is written to: what holds at first, what one may say, and that nobody else says it."""

import psycopg
import pytest

from tests.conftest import open_another
from tests.factories.circles import circle_of
from tests.planting import plant

URL = "/v1/me/notice-preferences"
USUAL = {
    "time_zone": "UTC",
    "digest": "daily",
    "digest_hour": 8,
    "meeting_reminders": [24],
    "action_reminders": True,
    "announcements": True,
    "version": 0,
}


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def circle(app, database, root):
    return circle_of(app, open_another(app, database), root, people=6)


def says(api, tag=None, **changes):
    return api.patch(URL, json=changes, headers={"If-Match": tag or api.get(URL).headers["ETag"]})


def test_at_first_the_usual_holds_and_what_one_says_after_that(circle):
    api = circle.api(0)
    shown = api.get(URL)
    assert (shown.get_json(), shown.headers["ETag"]) == (USUAL, '"0"')
    said = says(api, digest="weekly", meeting_reminders=[1, 72], time_zone="US/Eastern")
    held = {
        **USUAL,
        "digest": "weekly",
        "meeting_reminders": [72, 1],
        "time_zone": "US/Eastern",
        "version": 1,
    }
    assert (said.get_json(), said.headers["ETag"]) == (held, '"1"')
    assert api.get(URL).get_json() == held
    assert says(api, '"1"', meeting_reminders=[]).get_json() == {
        **held,
        "meeting_reminders": [],
        "version": 2,
    }
    assert says(api, '"1"', digest="off").status_code == 412
    assert api.patch(URL, json={}).status_code == 428
    assert circle.api(1).get(URL).get_json() == USUAL, "another's are hers"


def test_the_usual_zone_is_that_in_which_she_is_free_else_her_cohorts(circle, root):
    api = circle.api(2)
    root.execute("UPDATE cohort SET time_zone = 'Asia/Kolkata' WHERE id = %s", [circle.cohort_id])
    assert api.get(URL).get_json()["time_zone"] == "Asia/Kolkata"
    plant(
        root.cursor(), "attribute", tenant_id=circle.tenant.id, program_id=circle.program_id, key="free",
        kind="availability",
    )  # fmt: skip
    free = '{"free": {"time_zone": "Europe/Kiev", "slots": []}}'
    participant = circle.participants[circle.members[2]]
    root.execute("UPDATE participant SET attributes = %s WHERE id = %s", [free, participant])
    assert api.get(URL).get_json()["time_zone"] == "Europe/Kiev"
    assert says(api, time_zone="Europe/Kyiv").get_json()["time_zone"] == "Europe/Kyiv"
    assert says(api, time_zone=None).get_json()["time_zone"] == "Europe/Kiev"
    root.execute("UPDATE cohort SET time_zone = 'UTC' WHERE id = %s", [circle.cohort_id])


def test_a_zone_that_there_is_no_more_is_no_obstacle(circle, root):
    api = circle.api(3)
    assert says(api, time_zone="Europe/Berlin").status_code == 200
    mine = [circle.members[3]]
    root.execute(
        "UPDATE notice_preference SET time_zone = 'Nowhere/Gone' WHERE membership_id = ANY (%s)", [mine]
    )
    assert api.get(URL).get_json()["time_zone"] == "UTC"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Berlin"}, "/time_zone"),
        ({"digest": "hourly"}, "/digest"),
        ({"digest_hour": 24}, "/digest_hour"),
        ({"meeting_reminders": [24, 12, 1]}, "/meeting_reminders"),
        ({"meeting_reminders": [0]}, "/meeting_reminders/0"),
        ({"meeting_reminders": [169]}, "/meeting_reminders/0"),
        ({"action_reminders": "no"}, "/action_reminders"),
        ({"membership_id": "x"}, "/membership_id"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(circle, changes, pointer):
    answer = says(circle.api(4), **changes)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.get_json()["errors"]] == [pointer]


def test_of_two_who_say_something_at_first_one_is_told_to_read_again(circle):
    from concurrent.futures import ThreadPoolExecutor

    clients = [circle.api(5) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda api: says(api, '"0"', digest="off").status_code, clients))
    assert sorted(answers) == [200, 412, 412, 412]


def test_the_database_lets_nobody_but_herself_say_it(circle, database, root):
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    with database.tenant(circle.tenant.id) as session:
        before = session.scalar(text("SELECT count(*) FROM notice_preference"))
        changed = session.execute(text("UPDATE notice_preference SET digest = 'daily'"))
        assert (before > 0, changed.rowcount) == (True, 0)
    with database.tenant(circle.tenant.id, membership_id=circle.members[0]) as session:
        theirs = text(
            "INSERT INTO notice_preference (tenant_id, id, membership_id, digest, digest_hour, meeting_reminders,"
            " action_reminders, announcements) VALUES (:tenant, uuidv7(), :other, 'off', 8, '{}', true, true)"
        )
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.execute(theirs, {"tenant": circle.tenant.id, "other": circle.members[1]})
