"""Check-ins over the API: one's own for oneself alone, bands for the group, pooled bands for the tenant."""

import json
import threading

import pytest

from tenants.kernel.permissions import Role
from tests.factories.circles import circle_of
from tests.factories.everything import INSTRUMENT as SCALED
from tests.factories.matching import every
from tests.factories.people import acting, member_of

INSTRUMENT = {name: said for name, said in SCALED.items() if name != "scales"}

OPEN = "WHERE cohort_id = %s AND opens_at <= now() AND closes_at > now()"
CLOSE = (
    f"UPDATE check_in_window SET closes_at = now() - interval '2 minutes' {OPEN}",  # noqa: S608 - a constant
    "UPDATE check_in_window SET opens_at = now() WHERE cohort_id = %s AND opens_at > now()",
)
"""What is open closes now, and the one that is fixed after it opens."""
ANSWERS = {"worth_it": 6, "gave_help": True, "settled_here": ["once"], "barriers": ["time", "rules"]}


@pytest.fixture
def circle(app, tenant, superuser):
    """Five who were let in an hour ago."""
    found = circle_of(app, tenant, superuser, people=5)
    for statement in (
        "UPDATE group_member SET admitted_at = admitted_at - interval '1 hour' WHERE tenant_id = %s",
        "UPDATE membership SET joined_at = joined_at - interval '1 hour' WHERE tenant_id = %s",
    ):
        superuser.execute(statement, [tenant.id])
    return found


def checked_in(api, circle, **answers):
    return api.post(f"{circle.url}/check-ins", json={"answers": answers})


def close(circle, superuser):
    for statement in CLOSE:
        assert superuser.execute(statement, [circle.cohort_id]).rowcount == 1


def edit_program(circle, **changes):
    url, api = f"/v1/programs/{circle.program_id}", circle.tenant.api
    edited = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert edited.status_code == 200, edited.get_json()
    return edited


def test_a_member_answers_and_reads_what_she_answered(circle):
    api = circle.api()
    made = checked_in(api, circle, **ANSWERS)
    assert made.status_code == 201
    (row,) = every(api, f"{circle.url}/check-ins")
    assert row == made.get_json()
    assert row["answers"] == ANSWERS
    assert row["window_id"] == api.get(f"{circle.url}/check-in-window").get_json()["id"]


def test_nobody_else_reads_it(app, circle, tenant):
    checked_in(circle.api(), circle, worth_it=2)
    assert every(circle.api(1), f"{circle.url}/check-ins") == []
    for role in (Role.OWNER, Role.ADMIN):
        other = member_of(app, tenant.id, role, own_client=True).api
        assert other.get(f"{circle.url}/check-ins").status_code == 404
    assert tenant.api.get(f"{circle.url}/check-ins").status_code == 403
    assert acting(app, tenant.id, circle.members[0]).get(f"{circle.url}/check-ins").status_code == 403


def test_no_event_record_or_job_tells_who_answered_or_what(circle, superuser):
    api = circle.api()
    before = superuser.execute(
        "SELECT count(*) FROM event WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchone()
    sent = {"json": {"answers": {"worth_it": 2}}, "headers": {"Idempotency-Key": "once"}}
    first = api.post(f"{circle.url}/check-ins", **sent)
    again = api.post(f"{circle.url}/check-ins", **sent)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.get_json()["answers"] is None
    after = superuser.execute(
        "SELECT count(*) FROM event WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchone()
    assert after == before
    kept = superuser.execute(
        "SELECT r::text FROM idempotency_record r WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchone()[0]
    assert "worth_it" not in bytes.fromhex(kept.rpartition("\\x")[2].split('"')[0].split(",")[0]).decode(
        errors="ignore"
    )
    assert str(circle.members[0]) not in kept


def test_answers_are_taken_back_by_their_author_alone(circle):
    api = circle.api()
    made = checked_in(api, circle, worth_it=2).get_json()["id"]
    assert circle.api(1).delete(f"{circle.url}/check-ins/{made}").status_code == 404
    assert api.delete(f"{circle.url}/check-ins/{made}").status_code == 204
    assert every(api, f"{circle.url}/check-ins") == []


@pytest.mark.parametrize(
    ("answers", "pointer"),
    [
        ({"worth_it": 8}, "/answers/worth_it"),
        ({"worth_it": True}, "/answers/worth_it"),
        ({"worth_it": 3.5}, "/answers/worth_it"),
        ({"gave_help": 1}, "/answers/gave_help"),
        ({"barriers": ["time", "money", "rules"]}, "/answers/barriers"),
        ({"barriers": ["time", "time"]}, "/answers/barriers"),
        ({"barriers": [["time"]]}, "/answers/barriers"),
        ({"barriers": "time"}, "/answers/barriers"),
        ({"settled_here": []}, "/answers/settled_here"),
        ({"mood": 3}, "/answers/mood"),
        ({}, "/answers"),
    ],
)
def test_what_no_item_takes_is_refused_by_name_and_nothing_is_kept(circle, answers, pointer):
    refused = checked_in(circle.api(), circle, **answers)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.get_json()["errors"]] == [pointer]
    assert every(circle.api(), f"{circle.url}/check-ins") == []


def test_the_group_is_told_nothing_before_the_window_has_closed_and_then_a_band(circle, superuser):
    for number in range(5):
        checked_in(circle.api(number), circle, worth_it=6)
    member = circle.api()
    assert every(member, f"{circle.url}/check-in-results") == []
    close(circle, superuser)
    (told,) = every(member, f"{circle.url}/check-in-results")
    assert (told["item"], told["band"]) == ("worth_it", "high")
    assert "answered" not in told
    assert every(circle.tenant.api, f"/v1/cohorts/{circle.cohort_id}/check-in-results") == []


def test_the_tenant_is_told_of_three_groups_together(app, circle, tenant, superuser):
    others = [circle_of(app, tenant, superuser, people=5) for _ in range(2)]
    for other in others:
        superuser.execute("UPDATE peer_group SET cohort_id = %s WHERE id = %s", [circle.cohort_id, other.id])
    for each in (circle, *others):
        for number in range(5):
            assert checked_in(each.api(number), each, worth_it=1).status_code == 201
    close(circle, superuser)
    url = f"/v1/cohorts/{circle.cohort_id}/check-in-results"
    (told,) = every(tenant.api, url)
    assert (told["item"], told["band"], told["levels"]) == ("worth_it", "low", None)
    assert circle.api().get(url).status_code == 404


def test_whoever_comes_later_is_not_told_what_was_published_before(circle, superuser):
    for number in range(5):
        checked_in(circle.api(number), circle, worth_it=6)
    close(circle, superuser)
    assert len(every(circle.api(), f"{circle.url}/check-in-results")) == 1
    circle.add()
    assert every(circle.api(5), f"{circle.url}/check-in-results") == []


def test_an_answer_to_a_window_that_has_closed_is_refused_by_the_wall(circle, superuser, database):
    api = circle.api()
    checked_in(api, circle, worth_it=6)
    row = (
        "INSERT INTO check_in (tenant_id, id, group_id, author_id, window_id, answers)"
        " VALUES (%s, uuidv7(), %s, %s, %s, '{}')"
    )
    window = api.get(f"{circle.url}/check-in-window").get_json()["id"]
    person = superuser.execute(
        "SELECT person_id FROM membership WHERE id = %s", [circle.members[0]]
    ).fetchone()[0]

    def late():
        with database.tenant(circle.tenant.id) as session:
            session.identify(membership_id=circle.members[0], person_id=person)
            session.connection().exec_driver_sql(
                row, (circle.tenant.id, circle.id, circle.members[0], window)
            )

    late()
    close(circle, superuser)
    with pytest.raises(Exception, match="while_open"):
        late()
    assert checked_in(api, circle, worth_it=6).get_json()["window_id"] != window


def test_a_window_keeps_what_it_was_fixed_with(circle, tenant, superuser):
    api, url = circle.api(), f"{circle.url}/check-in-window"
    before = api.get(url).get_json()
    edit_program(circle, check_in_months=1, check_in_least=8, check_in_least_changed=5)
    loaded = tenant.api.post(f"/v1/programs/{circle.program_id}/instruments", json=INSTRUMENT)
    assert loaded.status_code == 201
    assert api.get(url).get_json() == before
    for _ in range(2):  # this one and the next are fixed
        close(circle, superuser)
        now = api.get(url).get_json()
    assert (now["least"], now["least_changed"]) == (8, 5)
    assert now["items"][-1]["key"] == "belonging.at_home"
    assert checked_in(api, circle, **{"belonging.at_home": 5}).status_code == 201


def test_many_who_come_first_at_once_fix_the_same_windows(circle, superuser):
    clients, answers = [circle.api(number) for number in range(5)], []
    threads = [
        threading.Thread(
            target=lambda api=api: answers.append(checked_in(api, circle, worth_it=4).status_code)
        )
        for api in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 5
    fixed = superuser.execute(
        "SELECT count(*), count(DISTINCT opens_at), bool_and(closes_at > opens_at) FROM check_in_window"
        " WHERE cohort_id = %s", [circle.cohort_id],
    ).fetchone()  # fmt: skip
    assert fixed == (2, 2, True)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [{"key": "a", "text": "A", "kind": "scale", "least": 5, "most": 5}]}, "/items/0/most"),
        ({"items": [{"key": "a", "text": "A", "kind": "scale", "least": 1, "most": 4}]}, "/items/0/most"),
        ({"items": [{"key": "a", "text": "A", "kind": "scale"}]}, "/items/0/most"),
        ({"items": [{"key": "a", "text": "the hour  was worth it.", "kind": "yes_no"}]}, "/items/0/text"),
        ({"items": [{"key": key, "text": "A", "kind": "yes_no"} for key in "ab"]}, "/items/1/text"),
        ({"items": [{"key": "a", "text": "A", "kind": "choice"}]}, "/items/0/levels"),
        ({"items": [{"key": "a", "text": "A", "kind": "choice", "levels": ["x", "x"]}]}, "/items/0/levels"),
        ({"items": [{"key": "a", "text": "A", "kind": "yes_no"}] * 2}, "/items/1/key"),
        ({"licence": ""}, "/licence"),
    ],
)
def test_an_instrument_that_cannot_be_asked_is_refused(circle, tenant, changes, pointer):
    refused = tenant.api.post(f"/v1/programs/{circle.program_id}/instruments", json={**INSTRUMENT, **changes})
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.get_json()["errors"]]


def test_a_version_of_an_instrument_is_loaded_once(circle, tenant):
    url = f"/v1/programs/{circle.program_id}/instruments"
    assert tenant.api.post(url, json=INSTRUMENT).status_code == 201
    again = tenant.api.post(url, json=INSTRUMENT)
    assert (again.status_code, again.get_json()["code"]) == (409, "exists")
    assert tenant.api.post(url, json={**INSTRUMENT, "version": "2"}).status_code == 201
    assert json.dumps(every(tenant.api, url)).count('"belonging"') == 2


def test_a_question_keeps_its_key_in_all_versions_that_check_ins_ask(circle, tenant):
    url = f"/v1/programs/{circle.program_id}/instruments"
    assert tenant.api.post(url, json=INSTRUMENT).status_code == 201
    moved = [{**INSTRUMENT["items"][0], "key": "home"}]
    for changes in ({"version": "2", "items": moved}, {"key": "other"}):
        refused = tenant.api.post(url, json={**INSTRUMENT, **changes})
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.get_json()["errors"]] == ["/items/0/text"]
    elsewhere = {**INSTRUMENT, "key": "other", "in_check_ins": False}
    assert tenant.api.post(url, json=elsewhere).status_code == 201


def test_a_short_scale_can_be_loaded_for_other_uses_than_check_ins(circle, tenant):
    item = {"key": "a", "text": "A", "kind": "scale", "least": 1, "most": 2}
    body = {**INSTRUMENT, "items": [item], "in_check_ins": False}
    assert tenant.api.post(f"/v1/programs/{circle.program_id}/instruments", json=body).status_code == 201


@pytest.mark.parametrize("changes", [{"check_in_least_changed": 2}, {"check_in_least_changed": 11}])
def test_a_program_cannot_ask_for_fewer_than_three_to_have_changed(circle, tenant, changes):
    url = f"/v1/programs/{circle.program_id}"
    tag = {"If-Match": tenant.api.get(url).headers["ETag"]}
    assert tenant.api.patch(url, json=changes, headers=tag).status_code == 422


@pytest.mark.parametrize(
    ("least", "changed", "length", "refusal"),
    [
        (1, 3, "3 months", "ck_check_in_window_least"),
        (5, 1, "3 months", "ck_check_in_window_least_changed"),
        (5, 3, "1 minute", "long_enough"),
    ],
)
def test_the_database_takes_no_window_that_would_tell_of_few(
    circle, tenant, database, least, changed, length, refusal
):
    row = (
        "INSERT INTO check_in_window (tenant_id, id, cohort_id, opens_at, closes_at, least, least_changed, items,"
        " created_at) VALUES (%s, uuidv7(), %s, now() - interval '1 hour',"
        " now() - interval '1 hour' + %s::interval, %s, %s, '[]', now())"
    )
    with database.tenant(tenant.id) as session, pytest.raises(Exception, match=refusal):
        session.connection().exec_driver_sql(row, (tenant.id, circle.cohort_id, length, least, changed))
