"""Surveys over the API: planned by organisers, answered for oneself alone, silent until they are counted."""

import psycopg
import pytest

from tenants.kernel.permissions import Role
from tests.factories.circles import circle_of
from tests.factories.consents import says
from tests.factories.matching import every
from tests.factories.people import Member, acting, member_of
from tests.factories.surveys import INSTRUMENT, ITEMS, days, planned

ANSWERS = {"at_home": 4, "alone": 2}


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def circle(app, new_tenant, root):
    """Three of a tenant, who are asked nothing yet."""
    return circle_of(app, new_tenant(), root, people=3)


@pytest.fixture(scope="module")
def wave(circle):
    """A wave that opened today."""
    return planned(circle.tenant.api, circle.cohort_id, circle.program_id, reminders=[7, 1, 7])


def response_of(wave):
    return f"/v1/me/surveys/{wave['id']}/response"


def test_a_wave_is_planned_by_days_and_tells_nothing_while_it_is_open(circle, wave):
    api, waves = circle.tenant.api, f"/v1/cohorts/{circle.cohort_id}/survey-waves"
    assert circle.api().put(response_of(wave), json={"answers": ANSWERS}).status_code == 200
    (shown,) = every(api, waves)
    assert shown == wave == api.get(f"/v1/survey-waves/{wave['id']}").get_json()
    assert wave["opens_at"].startswith(days()["opens_on"])
    assert wave["closes_at"].startswith(days(last=11)["closes_on"])
    assert wave["reminders"] == [7, 1]
    assert [wave[name] for name in ("counted_at", "invited", "answered", "declined")] == [None] * 4
    for told in ("results", "changes"):
        assert every(api, f"/v1/survey-waves/{wave['id']}/{told}") == []


def test_whoever_is_asked_sees_it_and_answers_declines_or_takes_it_back(circle, wave):
    me = circle.api(1)
    (survey,) = every(me, "/v1/me/surveys")
    assert (survey["id"], survey["state"], len(survey["items"])) == (wave["id"], "open", 3)
    assert me.get(response_of(wave)).status_code == 404
    assert me.put(response_of(wave), json={"answers": ANSWERS}).get_json()["answers"] == ANSWERS
    assert me.put(response_of(wave), json={"answers": {"heard": 1}}).get_json()["answers"] == {"heard": 1}
    assert every(me, "/v1/me/surveys")[0]["state"] == "answered"
    declined = me.put(response_of(wave), json={"declined": True}).get_json()
    assert (declined["declined"], declined["answers"]) == (True, {})
    assert me.get(f"/v1/me/surveys/{wave['id']}").get_json()["state"] == "declined"
    assert me.delete(response_of(wave)).status_code == 204
    assert every(me, "/v1/me/surveys")[0]["state"] == "open"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/answers"),
        ({"answers": {}}, "/answers"),
        ({"declined": True, "answers": ANSWERS}, "/answers"),
        ({"answers": {"at_home": 6}}, "/answers/at_home"),
        ({"answers": {"mood": 1}}, "/answers/mood"),
    ],
)
def test_what_no_item_takes_is_refused(circle, wave, body, pointer):
    refused = circle.api(2).put(response_of(wave), json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.get_json()["errors"]] == [pointer]


def test_nobody_else_reads_an_answer(app, circle, wave, database, root):
    circle.api().put(response_of(wave), json={"answers": ANSWERS})
    tenant = circle.tenant
    owner = member_of(app, tenant.id, Role.OWNER, own_client=True).api
    assert owner.get(response_of(wave)).status_code == 404, "not being asked, she has none of her own"
    assert tenant.api.get(response_of(wave)).status_code == 403
    assert acting(app, tenant.id, circle.members[0]).get(response_of(wave)).status_code == 403, "her portal"
    held = root.execute("SELECT count(*) FROM survey_response WHERE wave_id = %s", [wave["id"]]).fetchone()
    assert held[0] > 0
    with database.tenant(tenant.id) as session:
        count = "SELECT count(*) FROM survey_response"
        assert session.connection().exec_driver_sql(count).scalar_one() == 0
        session.identify(membership_id=circle.members[0], person_id=None)
        assert session.connection().exec_driver_sql(count).scalar_one() == 0, "signed in by somebody else"


def test_no_event_or_job_tells_who_answered(circle, wave, root):
    api = circle.api(2)
    known = "SELECT count(*) FROM event WHERE tenant_id = %s UNION ALL SELECT count(*) FROM job WHERE tenant_id = %s"
    mine = [circle.tenant.id] * 2
    before = root.execute(known, mine).fetchall()
    assert api.put(response_of(wave), json={"answers": ANSWERS}).status_code == 200
    assert root.execute(known, mine).fetchall() == before


def test_the_door_gives_no_answer_to_whoever_calls_it_without_the_waves_turn(circle, wave, database):
    with database.tenant(circle.tenant.id) as session:
        call = "SELECT * FROM door.count_survey(%s, %s::uuid[], %s::uuid[])"
        asked = (wave["id"], circle.members, [None] * 3)
        assert session.connection().exec_driver_sql(call, asked).all() == []
        kept = "SELECT counted_at FROM survey_wave WHERE id = %s"
        assert session.connection().exec_driver_sql(kept, (wave["id"],)).scalar_one() is None


def test_whoever_objects_to_being_counted_or_has_withdrawn_is_not_asked(circle, wave, root):
    objects, withdrawn = (circle.add() for _ in range(2))
    root.execute("UPDATE participant SET state = 'withdrawn' WHERE membership_id = %s", [withdrawn])
    she = Member(objects, None, circle.api(circle.members.index(objects)))
    assert len(every(she.api, "/v1/me/surveys")) == 1
    assert says(she, str(circle.program_id), "outcomes", "objected").status_code == 201
    for member in (objects, withdrawn):
        api = circle.api(circle.members.index(member))
        assert every(api, "/v1/me/surveys") == []
        assert api.put(response_of(wave), json={"answers": ANSWERS}).status_code == 404


def test_a_wave_that_has_closed_takes_no_answer_nor_does_the_database(circle, wave, root, database):
    api, member = circle.api(), circle.members[0]
    assert api.put(response_of(wave), json={"answers": ANSWERS}).status_code == 200
    days_30 = "make_interval(days => 30)"
    moved = (
        f"UPDATE survey_wave SET closes_at = closes_at {{0}} {days_30}, opens_at = opens_at {{0}} {days_30}"  # noqa: S608 - a constant
    )
    root.execute(moved.format("-"))
    try:
        assert every(api, "/v1/me/surveys") == []
        assert api.put(response_of(wave), json={"declined": True}).status_code == 404
        assert api.get(response_of(wave)).get_json()["answers"] == ANSWERS, "hers to read"
        person = root.execute("SELECT person_id FROM membership WHERE id = %s", [member]).fetchone()[0]
        with database.tenant(circle.tenant.id) as session:
            session.identify(membership_id=member, person_id=person)
            change = "UPDATE survey_response SET answers = '{}' WHERE membership_id = %s"
            assert session.connection().exec_driver_sql(change, (member,)).rowcount == 0
            with pytest.raises(Exception, match="while_open"):
                session.connection().exec_driver_sql(
                    "INSERT INTO survey_response (tenant_id, id, wave_id, membership_id, declined, answers)"
                    " VALUES (%s, uuidv7(), %s, %s, true, '{}')",
                    (circle.tenant.id, wave["id"], member),
                )
        assert api.delete(response_of(wave)).status_code == 204, "and hers to take back"
    finally:
        root.execute(moved.format("+"))


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"opens_on": "2020-01-01"}, "/opens_on", "past"),
        ({"opens_on": "9999-12-31", "closes_on": "9999-12-31"}, "/opens_on", "too_far"),
        ({"closes_on": "0001-01-01"}, "/closes_on", "invalid"),
        ({"closes_on": "9999-12-31"}, "/closes_on", "invalid"),
        ({"instrument_id": "0197f3a0-0000-7000-8000-000000000001"}, "/instrument_id", "unknown"),
    ],
)
def test_a_wave_that_cannot_be_is_refused(circle, wave, changes, pointer, code):
    body = {"instrument_id": wave["instrument_id"], "label": "mid", **days(), **changes}
    refused = circle.tenant.api.post(f"/v1/cohorts/{circle.cohort_id}/survey-waves", json=body)
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.get_json()["errors"]] == [(pointer, code)]


def test_an_instrument_of_another_program_or_without_scales_is_not_asked(circle, root):
    api, url = circle.tenant.api, f"/v1/cohorts/{circle.cohort_id}/survey-waves"
    other = api.post("/v1/programs", json={"name": "Other"}).get_json()["id"]
    plain = {**INSTRUMENT, "key": "plain", "scales": []}
    for program, body, code in ((other, INSTRUMENT, "unknown"), (circle.program_id, plain, "no_scales")):
        loaded = api.post(f"/v1/programs/{program}/instruments", json=body).get_json()["id"]
        refused = api.post(url, json={"instrument_id": loaded, "label": "mid", **days()})
        assert [error["code"] for error in refused.get_json()["errors"]] == [code]


def test_no_question_is_asked_twice_within_28_days_under_whatever_name(circle, wave):
    api = circle.tenant.api
    again = {**INSTRUMENT, "key": "once_more", "items": [{**ITEMS[2], "text": " others  here listen."}]}
    again["scales"] = INSTRUMENT["scales"][1:]
    loaded = api.post(f"/v1/programs/{circle.program_id}/instruments", json=again).get_json()["id"]
    url = f"/v1/cohorts/{circle.cohort_id}/survey-waves"
    soon = {"instrument_id": loaded, "label": "mid", **days(30, 40)}
    refused = api.post(url, json=soon)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "asked_lately")
    later = api.post(url, json={**soon, **days(39, 40)})
    assert later.status_code == 201
    wave_url = later.headers["Location"]
    assert api.delete(wave_url).status_code == 204
    assert api.get(wave_url).status_code == 404
    refused = api.delete(f"/v1/survey-waves/{wave['id']}")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "opened")


@pytest.mark.parametrize(
    ("scales", "pointer"),
    [
        ([{"key": "a", "name": "A", "items": ["mood"]}], "/scales/0/items/0"),
        ([{"key": "a", "name": "A", "items": ["free"]}], "/scales/0/items/0"),
        ([{"key": "a", "name": "A", "items": ["heard", "heard"]}], "/scales/0/items"),
        ([{"key": "a", "name": "A", "items": ["heard", "long"]}], "/scales/0/items"),
        ([{"key": "a", "name": "A", "items": ["heard"], "least_answered": 2}], "/scales/0/least_answered"),
        ([{"key": "a", "name": "A", "items": [each]} for each in ("heard", "alone")], "/scales/1/key"),
        ([{"key": each, "name": "A", "items": ["heard"]} for each in "ab"], "/scales/1/items"),
    ],
)
def test_a_scale_that_cannot_be_computed_is_refused(circle, scales, pointer):
    odd = [
        {"key": "free", "text": "Yes?", "kind": "yes_no"},
        {"key": "long", "text": "Long", "kind": "scale", "least": 1, "most": 7},
    ]
    body = {**INSTRUMENT, "key": "odd", "items": [*ITEMS, *odd], "scales": scales}
    refused = circle.tenant.api.post(f"/v1/programs/{circle.program_id}/instruments", json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.get_json()["errors"]] == [pointer]
