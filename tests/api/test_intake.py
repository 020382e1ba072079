"""The intake of a cohort: its days and whose they are, who has answered, and what is answered once it has closed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tests.contract import edit
from tests.factories.cohorts import changes, counted, make_cohort, people, send_file
from tests.factories.consents import participant_as_member
from tests.factories.matching import every

EARLIEST, LATEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""Where days begin first and last: 26 hours apart, so that the first is never at the day of the second."""
ATTRIBUTES = (
    {"key": "campus", "label": "Campus", "kind": "text", "answered_by": "roster", "required": True},
    {"key": "rank", "label": "Rank", "kind": "ordinal", "required": True,
     "levels": [{"key": "low"}, {"key": "high", "label": "High"}]},
    {"key": "goal", "label": "Goal", "kind": "categorical", "open": True, "answered_by": "person",
     "required": True, "levels": [{"key": "grant", "label": "Get a grant"}]},
    {"key": "note", "label": "Note", "kind": "text", "answered_by": "person"},
)  # fmt: skip


@pytest.fixture
def cohort(tenant):
    """The URL of a cohort whose program asks the roster, the person, and either."""
    return make_cohort(tenant.api, ATTRIBUTES)


@pytest.fixture
def ada(app, tenant, cohort):
    """Somebody who was invited and has joined, and the URL of her answers."""
    made = tenant.api.post(f"{cohort}/participants", json={"external_id": "A", "state": "invited"}).get_json()
    member = participant_as_member(app, tenant, made["id"])
    return member, f"/v1/me/applications/{made['id']}/answers"


def broken(answer):
    assert answer.status_code == 422, answer.get_json()
    return [(error["pointer"], error["code"]) for error in answer.get_json()["errors"]]


def today(zone="UTC", *, days=0):
    return (datetime.now(ZoneInfo(zone)).date() + timedelta(days=days)).isoformat()


def close(tenant, cohort):
    assert edit(tenant.api, f"{cohort}/intake", closes_on=today(days=-3)).status_code == 200


def planned(database, tenant):
    with database.tenant(tenant.id) as session:
        rows = select(Job.not_before, Job.state).where(Job.kind == "intake_reminder")
        return sorted((when.astimezone(UTC), state) for when, state in session.execute(rows))


def test_every_cohort_has_an_intake_that_is_open_until_something_else_is_said(tenant, cohort):
    answer = tenant.api.get(f"{cohort}/intake")
    cohort_id = cohort.rpartition("/")[2]
    assert answer.get_json() == {
        "cohort_id": cohort_id, "opens_on": None, "closes_on": None, "time_zone": "UTC", "opens_at": None,
        "closes_at": None, "open": True, "reminders": [], "asked": 0, "answered": 0, "missing": 0, "version": 1,
    }  # fmt: skip
    assert answer.headers["ETag"] == tenant.api.get(cohort).headers["ETag"]
    assert tenant.api.get(f"/v1/cohorts/{new_id()}/intake").status_code == 404


def test_its_days_are_the_cohorts_and_mean_moments_in_its_time_zone(tenant, cohort):
    said = {"opens_on": "2027-03-01", "closes_on": "2027-03-31", "time_zone": "America/Los_Angeles"}
    shown = edit(tenant.api, f"{cohort}/intake", **said).get_json()
    moments = shown["opens_at"], shown["closes_at"]
    assert moments == ("2027-03-01T08:00:00.000000Z", "2027-04-01T07:00:00.000000Z"), (
        "the clocks change between"
    )
    assert tenant.api.get(cohort).get_json()["closes_on"] == "2027-03-31"
    assert edit(tenant.api, cohort, closes_on="2027-04-01").status_code == 200
    assert tenant.api.get(f"{cohort}/intake").get_json()["closes_at"] == "2027-04-02T07:00:00.000000Z"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"time_zone": "Middle-earth/Shire"}, ("/time_zone", "unknown")),
        ({"time_zone": "utc"}, ("/time_zone", "unknown")),
        ({"reminders": [7]}, ("/closes_on", "required")),
        ({"reminders": [91], "closes_on": "2027-03-31"}, ("/reminders/0", "invalid")),
        ({"reminders": [-1], "closes_on": "2027-03-31"}, ("/reminders/0", "invalid")),
        ({"opens_on": "2027-03-31", "closes_on": "2027-03-01"}, ("/closes_on", "out_of_order")),
        ({"closes_on": "9999-12-31"}, ("/closes_on", "out_of_range")),
        ({"closes_on": "soon"}, ("/closes_on", "invalid")),
        ({"asked": 3}, ("/asked", "unknown_field")),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_said(tenant, cohort, said, expected):
    before = tenant.api.get(f"{cohort}/intake").get_json()
    assert broken(edit(tenant.api, f"{cohort}/intake", **said)) == [expected]
    assert tenant.api.get(f"{cohort}/intake").get_json() == before


def test_the_day_that_reminders_hang_on_is_not_taken_away(tenant, cohort):
    edit(tenant.api, f"{cohort}/intake", closes_on=today(days=30), reminders=[7])
    assert broken(edit(tenant.api, cohort, closes_on=None)) == [("/closes_on", "required")]
    assert edit(tenant.api, f"{cohort}/intake", closes_on=None, reminders=[]).status_code == 200


def test_of_two_who_change_it_at_once_one_has_to_read_again(tenant, cohort, app, database):
    headers = {"If-Match": tenant.api.get(f"{cohort}/intake").headers["ETag"]}

    def extend(days):
        api = app.test_client()
        api.token = tenant.api.token
        body = {"closes_on": today(days=days), "reminders": [2]}
        return api.patch(f"{cohort}/intake", json=body, headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(extend, (10, 20))) == [200, 412]
    assert len(planned(database, tenant)) == 1


def test_reminders_are_planned_for_nine_in_the_morning_and_anew_with_every_change(tenant, cohort, database):
    zone = ZoneInfo("America/Chicago")
    last = datetime.now(zone).date() + timedelta(days=20)

    def at(days_before, *, of=last, where=zone):
        morning = datetime(of.year, of.month, of.day, 9, tzinfo=where) - timedelta(days=days_before)
        return morning.astimezone(UTC)

    said = {"closes_on": last.isoformat(), "time_zone": "America/Chicago", "reminders": [3, 14, 3, 60]}
    assert edit(tenant.api, f"{cohort}/intake", **said).get_json()["reminders"] == [60, 14, 3]
    assert planned(database, tenant) == [(at(14), "queued"), (at(3), "queued")], "60 days before is over"
    edit(tenant.api, f"{cohort}/intake", reminders=[14, 1])
    assert planned(database, tenant) == [(at(14), "queued"), (at(3), "cancelled"), (at(1), "queued")]
    edit(tenant.api, cohort, name="Renamed")
    assert len(planned(database, tenant)) == 3
    later = last + timedelta(days=40)
    edit(tenant.api, cohort, closes_on=later.isoformat())
    open_still = [when for when, state in planned(database, tenant) if state == "queued"]
    assert open_still == [at(14, of=later), at(1, of=later)]
    edit(tenant.api, f"{cohort}/intake", closes_on=today(days=-1))
    assert {state for _, state in planned(database, tenant)} == {"cancelled"}


def test_whether_it_is_open_is_asked_in_its_own_time_zone(tenant, cohort):
    latest = today(LATEST)
    for zone, is_open in ((LATEST, True), (EARLIEST, False)):
        shown = edit(tenant.api, f"{cohort}/intake", closes_on=latest, time_zone=zone).get_json()
        assert shown["open"] is is_open, zone
    edit(tenant.api, f"{cohort}/intake", closes_on=None)
    earliest = today(EARLIEST)
    for zone, is_open in ((EARLIEST, True), (LATEST, False)):
        shown = edit(tenant.api, f"{cohort}/intake", opens_on=earliest, time_zone=zone).get_json()
        assert shown["open"] is is_open, zone


def test_she_is_asked_what_she_may_answer_and_told_what_is_missing_and_until_when(tenant, cohort, ada):
    member, url = ada
    edit(tenant.api, f"{cohort}/intake", closes_on="2030-05-31", time_zone="Europe/Berlin")
    shown = member.api.get(url).get_json()
    asked = {each["key"]: each for each in shown["questions"]}
    assert list(asked) == ["rank", "goal", "note"]
    assert [level["label"] for level in asked["rank"]["levels"]] == ["low", "High"]
    assert (asked["goal"]["label"], asked["goal"]["required"], asked["goal"]["answered_by"]) == (
        "Goal", True, "person",
    )  # fmt: skip
    assert (shown["missing"], shown["open"]) == (["rank", "goal"], True)
    assert shown["answer_by"] == "2030-05-31T22:00:00.000000Z"
    answered = edit(member.api, url, attributes={"rank": "High"}).get_json()
    assert (answered["missing"], answered["attributes"]) == (["goal"], {"rank": "high"})


def test_nobody_learns_from_a_question_what_others_answered(app, tenant, cohort, ada):
    member, url = ada
    edit(member.api, url, attributes={"goal": "Something very much her own"})
    other = tenant.api.post(f"{cohort}/participants", json={"external_id": "B"}).get_json()
    hers = participant_as_member(app, tenant, other["id"])
    shown = hers.api.get(f"/v1/me/applications/{other['id']}/answers").get_json()
    goal = next(each for each in shown["questions"] if each["key"] == "goal")
    assert [level["key"] for level in goal["levels"]] == ["grant"]


def test_answers_are_refused_before_and_after_and_change_nothing(tenant, cohort, ada):
    member, url = ada
    edit(member.api, url, attributes={"rank": "low"})
    for days in ({"closes_on": today(days=-3)}, {"opens_on": today(days=3), "closes_on": None}):
        edit(tenant.api, f"{cohort}/intake", **days)
        before = member.api.get(url).get_json()
        assert before["open"] is False
        for said in ({"rank": "high", "goal": "grant"}, {"rank": None}, {}):
            refused = edit(member.api, url, attributes=said)
            assert (refused.status_code, refused.get_json()["code"]) == (409, "intake_closed")
        assert member.api.get(url).get_json() == before
    assert people(tenant, cohort)["A"]["state"] == "invited"
    edit(tenant.api, f"{cohort}/intake", opens_on=None)
    assert edit(member.api, url, attributes={"goal": "grant"}).status_code == 200


@pytest.mark.parametrize("state", ["eligible", "invited"])
def test_whoever_has_answered_all_that_is_required_has_applied(tenant, cohort, ada, state):
    member, url = ada
    participant = people(tenant, cohort)["A"]
    edit(tenant.api, f"/v1/participants/{participant['id']}", state=state)
    edit(member.api, url, attributes={"rank": "low"})
    assert people(tenant, cohort)["A"]["state"] == state
    edit(member.api, url, attributes={"goal": "grant"})
    now = people(tenant, cohort)["A"]
    assert now["state"] == "applied"
    last = changes(tenant, now)[-1]
    assert (last["source"], last["state"], last["attributes"]) == ("person", "applied", {"goal": "grant"})
    edit(member.api, url, attributes={"goal": None})
    assert people(tenant, cohort)["A"]["state"] == "applied"


def test_to_confirm_what_the_roster_has_answered_is_to_apply(tenant, cohort, ada):
    member, url = ada
    participant = people(tenant, cohort)["A"]
    program = tenant.api.get(cohort).get_json()["program_id"]
    goal = next(
        each for each in every(tenant.api, f"/v1/programs/{program}/attributes") if each["key"] == "goal"
    )
    edit(tenant.api, f"/v1/attributes/{goal['id']}", answered_by="either")
    edit(tenant.api, f"/v1/participants/{participant['id']}", attributes={"rank": "low", "goal": "grant"})
    assert people(tenant, cohort)["A"]["state"] == "invited"
    assert edit(member.api, url).status_code == 200
    assert people(tenant, cohort)["A"]["state"] == "applied"


@pytest.mark.parametrize("state", ["ineligible", "declined", "waitlisted", "placed", "paused", "withdrawn"])
def test_what_organisers_decided_stays_whatever_she_answers(tenant, cohort, ada, state):
    member, url = ada
    participant = people(tenant, cohort)["A"]
    edit(tenant.api, f"/v1/participants/{participant['id']}", state=state, reason="Ours")
    edit(member.api, url, attributes={"rank": "low", "goal": "grant"})
    now = people(tenant, cohort)["A"]
    assert (now["state"], now["state_reason"]) == (state, "Ours")


def test_who_is_asked_has_joined_or_was_invited_and_could_be_placed(app, tenant, cohort, ada):
    def add(external_id, **more):
        return tenant.api.post(f"{cohort}/participants", json={"external_id": external_id, **more}).get_json()

    invited = add("B", email="b@example.org", attributes={"rank": "low"})
    tenant.api.post("/v1/invitations", json={"membership_id": invited["membership_id"], "deliver": "link"})
    revoked = add("C")
    made = tenant.api.post(
        "/v1/invitations", json={"membership_id": revoked["membership_id"], "deliver": "link"}
    ).get_json()
    tenant.api.post(f"/v1/invitations/{made['id']}/revocation")
    add("only in the roster")
    gone = add("D", state="withdrawn")
    participant_as_member(app, tenant, gone["id"])

    def told():
        shown = tenant.api.get(f"{cohort}/intake").get_json()
        return shown["asked"], shown["answered"], shown["missing"]

    assert told() == (2, 0, 2)
    member, url = ada
    edit(member.api, url, attributes={"rank": "low", "goal": "grant"})
    assert told() == (2, 1, 1)


def test_applications_tell_the_last_day_while_it_is_the_next(tenant, cohort, ada):
    member, _ = ada

    def coming():
        (mine,) = member.api.get("/v1/me/applications").get_json()["items"]
        return mine["next"], mine["next_date"]

    latest = today(LATEST)
    ends = date.fromisoformat(latest) + timedelta(days=400)
    edit(tenant.api, cohort, ends_on=ends.isoformat())
    for zone, expected in ((LATEST, ("closes", latest)), (EARLIEST, ("ends", ends.isoformat()))):
        edit(tenant.api, f"{cohort}/intake", closes_on=latest, time_zone=zone)
        assert coming() == expected
    edit(tenant.api, f"{cohort}/intake", opens_on=today(days=5), closes_on=today(days=9))
    assert coming() == ("opens", today(days=5))


def test_organisers_do_not_answer_what_only_the_person_does(tenant, cohort, ada):
    member, url = ada
    participant = f"/v1/participants/{people(tenant, cohort)['A']['id']}"
    edit(member.api, url, attributes={"note": "Hers"})
    said = {"goal": "grant", "note": "Ours", "rank": "low"}
    assert broken(edit(tenant.api, participant, attributes=said)) == [
        ("/attributes/goal", "answered_by_person"),
        ("/attributes/note", "answered_by_person"),
    ]
    new = tenant.api.post(f"{cohort}/participants", json={"external_id": "B", "attributes": {"note": "Ours"}})
    assert broken(new) == [("/attributes/note", "answered_by_person")]
    cleared = edit(tenant.api, participant, attributes={"note": None})
    assert cleared.get_json()["attributes"] == {"note": "Hers"}, "what she answered stays"


def test_an_import_names_every_row_that_answers_for_the_person_and_asks_nothing_of_it(
    tenant, cohort, finished
):
    mapping = {"external_id": "id", "attributes": {"campus": "campus", "rank": "rank", "goal": "goal"}}
    file = "id,campus,rank,goal\nA,North,low,\nB,North,low,grant\nC,,low,\nD,North,none of them,grant\n"
    done = finished(tenant.api, send_file(tenant.api, cohort, file, mapping=mapping))
    assert counted(done) == {"created": 1, "failed": 3}, (
        "a person's answer is required of her, not of the file"
    )
    rows = every(tenant.api, f"/v1/imports/{done['id']}/rows")
    failed = {each["external_id"]: (each["column"], each["code"]) for each in rows if each["code"]}
    assert failed == {
        "B": ("goal", "answered_by_person"), "C": ("campus", "required"), "D": ("rank", "unknown_level"),
    }  # fmt: skip
