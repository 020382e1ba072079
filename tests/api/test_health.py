"""How groups fare: told to the group first, and to the tenant as a band once a nudge went unanswered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel import jobs
from tenants.kernel.claims import claim
from tenants.kernel.clock import now
from tenants.support import nudges
from tenants.support.health import JUDGED, Signs, band_of
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.planting import plant

TODAY = date(2027, 3, 1)


@pytest.fixture
def circle(app, tenant, superuser):
    circle = circle_of(app, tenant, superuser, people=3)
    aged(circle, superuser, 50)
    return circle


def aged(circle, superuser, days):
    superuser.execute(
        "UPDATE peer_group SET opened_at = now() - %s * interval '1 day', created_at = now() - %s * interval '1 day'"
        " WHERE id = %s",
        [days, days, circle.id],
    )


def looked_after(circle, settings):
    """The job of the group runs once."""
    database = circle.app.extensions["database"]
    with database.tenant(circle.tenant.id) as session:
        job = jobs.enqueue(session, "group_health", subject_id=circle.id)
        session.commit()
    nudges.look_after(claim(database, tenant_id=circle.tenant.id, job_id=job.id, settings=settings))


def meeting(circle, superuser, days_ago, attended=0, state="planned"):
    return plant(
        superuser.cursor(), "meeting", tenant_id=circle.tenant.id, group_id=circle.id, state=state, minutes=60,
        time_zone="UTC", starts_at=now() - timedelta(days=days_ago), attended_count=attended,
    )  # fmt: skip


def tenants_band(circle):
    (row,) = every(circle.tenant.api, f"/v1/cohorts/{circle.cohort_id}/group-health")
    assert row["id"] == str(circle.id)
    return row["band"]


def told(circle):
    return every(circle.api(), f"{circle.url}/nudges")


def wait_for_tenant(superuser, circle):
    superuser.execute(
        "UPDATE nudge SET nudged_at = now() - interval '15 days' WHERE group_id = %s", [circle.id]
    )


def test_a_silent_group_is_asked_first_and_the_tenant_hears_of_it_two_weeks_later(
    circle, settings, superuser
):
    looked_after(circle, settings)
    (nudge,) = told(circle)
    assert (nudge["reason"], nudge["answered_at"]) == ("nothing_for_long", None)
    assert circle.api().get(f"{circle.url}/health").get_json()["band"] == "silent"
    assert tenants_band(circle) == "quiet"
    wait_for_tenant(superuser, circle)
    assert tenants_band(circle) == "silent"


def test_the_database_shows_a_nudge_to_nobody_outside_before(circle, settings, superuser, database):
    looked_after(circle, settings)

    def shown():
        with database.tenant(circle.tenant.id) as session:
            return session.connection().exec_driver_sql("SELECT count(*) FROM nudge").scalar_one()

    assert shown() == 0
    wait_for_tenant(superuser, circle)
    assert shown() == 1
    with database.tenant(circle.tenant.id) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM group_pulse").scalar_one() == 0


def test_a_nudge_is_not_repeated_and_its_letters_say_nothing_of_it(circle, settings, superuser):
    for _ in range(2):
        looked_after(circle, settings)
    assert len(told(circle)) == 1
    letters = superuser.execute(
        "SELECT subject_id FROM letter WHERE tenant_id = %s AND kind = 'nudge'", [circle.tenant.id]
    ).fetchall()
    assert {row[0] for row in letters} == set(circle.participants.values())
    events = superuser.execute("SELECT type FROM event WHERE tenant_id = %s", [circle.tenant.id]).fetchall()
    assert not [name for (name,) in events if "nudge" in name]


@pytest.mark.parametrize("how", ["asks", "answer", "attendance"])
def test_whatever_a_member_does_answers_a_nudge(circle, settings, superuser, how):
    looked_after(circle, settings)
    (nudge,) = told(circle)
    api = circle.api(1)
    if how == "asks":
        assert api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "Invented"}).status_code == 201
    elif how == "answer":
        assert api.put(f"{circle.url}/nudges/{nudge['id']}/answer").status_code == 204
    else:
        held = meeting(circle, superuser, 1)
        long_in = "UPDATE group_member SET admitted_at = now() - interval '50 days' WHERE group_id = %s"
        superuser.execute(long_in, [circle.id])
        said = api.put(f"{circle.url}/meetings/{held}/attendance", json={"attended": True})
        assert said.status_code == 200, said.get_json()
    assert told(circle)[0]["answered_at"] is not None
    wait_for_tenant(superuser, circle)
    assert tenants_band(circle) != "silent"
    looked_after(circle, settings)
    assert len(told(circle)) == 1


def test_what_is_written_shows_as_a_day_and_not_as_words_or_names(circle, superuser):
    before = circle.api().get(f"{circle.url}/health").get_json()
    assert before["days_since_written"] is None
    body = {"text": "Invented", "builds_on": 0}
    assert circle.api(1).post(f"{circle.url}/charter/versions", json=body).status_code == 201
    after = circle.api().get(f"{circle.url}/health").get_json()
    assert (after["days_since_written"], after["band"]) == (0, "steady")
    (row,) = superuser.execute(
        "SELECT p::text FROM group_pulse p WHERE group_id = %s", [circle.id]
    ).fetchall()
    assert not any(str(member) in row[0] for member in circle.members)


def test_a_check_in_leaves_no_trace(circle):
    said = circle.api().post(f"{circle.url}/check-ins", json={"answers": {"worth_it": 6}})
    assert said.status_code == 201
    assert circle.api().get(f"{circle.url}/health").get_json()["days_since_written"] is None


def test_a_paused_group_is_not_judged_and_what_is_skipped_does_not_count_against_one(
    circle, settings, superuser
):
    for days in (5, 12, 19):
        meeting(circle, superuser, days, state="skipped")
    meeting(circle, superuser, 26, attended=2)
    shown = circle.api().get(f"{circle.url}/health").get_json()
    assert (shown["planned_count"], shown["held_count"], shown["attended_counts"]) == (4, 1, [2])
    assert (shown["band"], tenants_band(circle)) == ("steady", "steady")
    superuser.execute("UPDATE peer_group SET state = 'paused' WHERE id = %s", [circle.id])
    superuser.execute("DELETE FROM meeting WHERE group_id = %s", [circle.id])
    looked_after(circle, settings)
    assert told(circle) == []
    assert circle.api().get(f"{circle.url}/health").get_json()["band"] is None
    assert tenants_band(circle) is None


def test_two_missed_meetings_in_a_row_are_noticed_only_where_people_say_that_they_came(
    circle, settings, superuser
):
    aged(circle, superuser, 40)
    missed = [meeting(circle, superuser, days) for days in (4, 11)]
    looked_after(circle, settings)
    assert told(circle) == []
    meeting(circle, superuser, 18, attended=2)
    looked_after(circle, settings)
    assert [row["reason"] for row in told(circle)] == ["meetings_missed"]
    assert len(missed) == 2


def test_a_thriving_group_is_so_for_both(circle, superuser):
    for days in (3, 10, 17):
        meeting(circle, superuser, days, attended=3)
    assert circle.api().get(f"{circle.url}/health").get_json()["band"] == tenants_band(circle) == "thriving"


def test_strangers_and_the_tenant_see_no_health_and_answer_no_nudge(circle, app, tenant, settings, superuser):
    looked_after(circle, settings)
    (nudge,) = told(circle)
    other = circle_of(app, tenant, superuser, people=1)
    assert circle.api().get(f"{circle.url}/nudges/{nudge['id']}").get_json() == nudge
    for url in (f"{circle.url}/health", f"{circle.url}/nudges", f"{circle.url}/nudges/{nudge['id']}"):
        assert other.api().get(url).status_code == 404
        assert tenant.api.get(url).status_code == 403
    assert other.api().put(f"{circle.url}/nudges/{nudge['id']}/answer").status_code == 404
    assert other.api().put(f"{other.url}/nudges/{nudge['id']}/answer").status_code == 404
    assert told(circle)[0]["answered_at"] is None


def test_whoever_left_and_was_not_followed_leaves_an_open_place(circle, superuser):
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[2]])
    assert circle.api().get(f"{circle.url}/health").get_json()["open_places"] == 1
    circle.add()
    assert circle.api().get(f"{circle.url}/health").get_json()["open_places"] == 0


def test_a_group_that_is_announced_is_looked_after_from_then_on(circle, superuser):
    superuser.execute("UPDATE peer_group SET state = 'formed' WHERE id = %s", [circle.id])
    etag = {"If-Match": circle.tenant.api.get(circle.url).headers["ETag"]}
    assert circle.tenant.api.patch(circle.url, json={"state": "announced"}, headers=etag).status_code == 200
    (job,) = superuser.execute(
        "SELECT not_before > now() + interval '6 days' FROM job WHERE kind = 'group_health' AND subject_id = %s",
        [circle.id],
    ).fetchall()
    assert job == (True,)


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8)), max_size=6))
def test_later_signs_of_life_never_make_a_band_worse(days, meetings):
    order = ("silent", "quiet", "steady", "thriving")
    at = now().replace(year=TODAY.year, month=TODAY.month, day=TODAY.day)
    held = tuple((at - timedelta(days=ago), came) for ago, came in sorted(meetings))
    ranks = [
        order.index(band_of(Signs(TODAY - timedelta(days=ago), held), TODAY)) for ago in (days, days // 2, 0)
    ]
    assert ranks == sorted(ranks)
    assert "paused" not in JUDGED


def test_members_who_write_at_once_leave_one_day_and_none_is_refused(circle, superuser):
    apis = [circle.api(number) for number in (0, 1, 2) for _ in range(2)]

    def ask(api):
        return api.post(f"{circle.url}/asks", json={"kind": "ask", "title": "Invented"}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, apis)) == [201] * 6
    pulses = superuser.execute(
        "SELECT last_on = CURRENT_DATE FROM group_pulse WHERE group_id = %s", [circle.id]
    )
    assert pulses.fetchall() == [(True,)]
