"""What is around a group: facilitators, other mentors, promised time, announcements."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tenants.kernel import jobs
from tenants.kernel.claims import claim
from tenants.kernel.clock import now
from tenants.notices import announcing
from tenants.notices.announcing import tell_of_announcement
from tenants.support import notices
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, holder, joined
from tests.planting import plant

DUTIES = "I must report harassment to an office (invented)."
PROMISE = {"percent": 75, "from_on": "2026-07-01", "in_writing": True, "promised_by": "Chief (invented)"}
SECRET = "Amberbay"


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


@pytest.fixture
def facilitator(app, circle):
    return holder(app, circle.tenant.id, "facilitator", own_client=True)


def ask(circle, membership_id):
    return circle.tenant.api.put(f"{circle.url}/facilitator", json={"membership_id": str(membership_id)})


def accept(facilitator, asked):
    url = f"/v1/me/facilitations/{asked.get_json()['id']}/acceptance"
    return facilitator.api.put(url, json={"duties": DUTIES})


def names(superuser, circle, membership_id, other_id):
    """The participant of a membership names another as having power over her."""
    given = superuser.execute("SELECT external_id FROM membership WHERE id = %s", [other_id]).fetchone()[0]
    key = {"program_id": circle.program_id, "key": f"k{str(other_id)[-12:]}", "kind": "reference"}
    plant(superuser.cursor(), "attribute", tenant_id=circle.tenant.id, **key)
    superuser.execute(
        "UPDATE participant SET attributes = %s WHERE membership_id = %s",
        [Jsonb({key["key"]: [given]}), membership_id],
    )


def test_a_facilitator_says_what_she_must_report_before_she_is_attached_and_it_opens_nothing(
    circle, facilitator
):
    asked = ask(circle, facilitator.id)
    assert asked.status_code == 200, asked.get_json()
    assert every(circle.api(), f"{circle.url}/facilitators") == []
    assert accept(facilitator, asked).status_code == 200
    (row,) = every(circle.api(), f"{circle.url}/facilitators")
    assert (row["duties"], row["clash"], row["ended_at"]) == (DUTIES, False, None)
    for private in ("charter", "asks", "health", "facilitators", "nudges"):
        assert facilitator.api.get(f"{circle.url}/{private}").status_code == 404
    assert [row["accepted_at"] is None for row in every(facilitator.api, "/v1/me/facilitations")] == [False]


def test_only_who_holds_the_role_here_and_is_not_above_or_below_a_member_is_asked(
    app, circle, facilitator, tenant, superuser
):
    elsewhere = circle_of(app, tenant, superuser, people=1)
    stranger = holder(app, tenant.id, "facilitator", program_id=elsewhere.program_id)
    assert ask(circle, stranger.id).get_json()["errors"][0]["code"] == "not_a_facilitator"
    assert ask(circle, circle.id).status_code == 422
    names(superuser, circle, circle.members[1], facilitator.id)
    assert ask(circle, facilitator.id).get_json()["code"] == "hierarchy"


def test_whom_a_member_is_named_by_is_refused_too(circle, facilitator, tenant, superuser):
    at = {"cohort_id": circle.cohort_id, "membership_id": facilitator.id, "state": "placed"}
    plant(superuser.cursor(), "participant", tenant_id=tenant.id, **at)
    names(superuser, circle, facilitator.id, circle.members[0])
    assert ask(circle, facilitator.id).get_json()["code"] == "hierarchy"


def test_a_clash_that_comes_later_shows_and_keeps_her_from_accepting(circle, facilitator, superuser):
    asked = ask(circle, facilitator.id)
    accept(facilitator, asked)
    names(superuser, circle, circle.members[1], facilitator.id)
    (row,) = every(circle.api(), f"{circle.url}/facilitators")
    assert row["clash"] is True
    (row,) = every(circle.tenant.api, f"{circle.url}/facilitations")
    assert row["clash"] is True
    assert accept(facilitator, asked).get_json()["code"] == "hierarchy"


def test_a_facilitator_who_is_let_in_keeps_facilitating_and_says_her_duties_anew(circle, facilitator, tenant):
    asked = ask(circle, facilitator.id)
    accept(facilitator, asked)
    circle.take_in(facilitator.id)
    again = facilitator.api.put(
        f"/v1/me/facilitations/{asked.get_json()['id']}/acceptance",
        json={"duties": "Another duty (invented)."},
    )
    assert again.status_code == 200, again.get_json()
    (row,) = every(circle.api(), f"{circle.url}/facilitators")
    assert (row["duties"], row["clash"]) == ("Another duty (invented).", False)


def test_a_member_on_a_seat_for_facilitators_is_attached(circle, tenant, superuser):
    seated = circle.members[0]
    plant(superuser.cursor(), "role_grant", tenant_id=tenant.id, membership_id=seated, role="facilitator")
    asked = ask(circle, seated)
    assert asked.status_code == 200, asked.get_json()
    url = f"/v1/me/facilitations/{asked.get_json()['id']}"
    assert circle.api().put(f"{url}/acceptance", json={"duties": DUTIES}).status_code == 200
    names(superuser, circle, seated, seated)
    assert circle.api().get(url).get_json()["clash"] is False, "nobody has power over herself"
    names(superuser, circle, seated, circle.members[1])
    assert circle.api().get(url).get_json()["clash"] is True


def test_who_is_asked_to_facilitate_is_written_to_and_can_decline_or_stop(
    app, circle, facilitator, tenant, superuser, settings, database
):
    superuser.execute("UPDATE membership SET email = 'f@b.example' WHERE id = %s", [facilitator.id])
    superuser.execute("UPDATE peer_group SET name = %s WHERE id = %s", [SECRET, circle.id])
    first = UUID(ask(circle, facilitator.id).get_json()["id"])
    letters = "SELECT subject_id FROM letter WHERE kind = 'facilitation' AND tenant_id = %s"
    assert superuser.execute(letters, [tenant.id]).fetchall() == [(first,)]
    url = f"/v1/me/facilitations/{first}"

    def letter(facilitation):
        with database.tenant(tenant.id) as session:
            return notices.compose_facilitation(session, facilitation, settings)

    assert (letter(first).to.address, "asked to facilitate" in letter(first).text) == ("f@b.example", True)
    assert SECRET not in letter(first).text, "not which group"
    assert facilitator.api.get(url).get_json()["accepted_at"] is None
    assert circle.api().get(url).status_code == circle.api().delete(url).status_code == 404
    assert facilitator.api.delete(url).status_code == 204
    assert letter(first) is None
    assert facilitator.api.delete(url).get_json()["code"] == "facilitation_ended"
    second = ask(circle, facilitator.id)
    assert second.get_json()["id"] != str(first)
    assert accept(facilitator, second).status_code == 200
    assert facilitator.api.delete(f"/v1/me/facilitations/{second.get_json()['id']}").status_code == 204
    rows = every(circle.api(), f"{circle.url}/facilitators")
    assert [row["ended_at"] is None for row in rows] == [False], "members see that she did"
    told = "SELECT type FROM event WHERE tenant_id = %s AND type LIKE 'facilitator.%%' ORDER BY id"
    assert [row[0].partition(".")[2] for row in superuser.execute(told, [tenant.id])] == [
        "asked", "declined", "asked", "attached", "stopped",
    ]  # fmt: skip


def test_another_takes_her_place_and_what_was_stays_recorded(app, circle, facilitator, tenant):
    first = ask(circle, facilitator.id)
    accept(facilitator, first)
    assert ask(circle, facilitator.id).get_json()["id"] == first.get_json()["id"]
    second = ask(circle, holder(app, tenant.id, "facilitator").id)
    assert accept(facilitator, first).get_json()["code"] == "facilitation_ended"
    rows = every(tenant.api, f"{circle.url}/facilitations")
    assert [(row["id"], row["ended_at"] is None) for row in rows] == [
        (first.get_json()["id"], False), (second.get_json()["id"], True),
    ]  # fmt: skip
    assert tenant.api.delete(f"{circle.url}/facilitator").status_code == 204
    assert tenant.api.delete(f"{circle.url}/facilitator").status_code == 404


def test_other_mentors_are_for_ones_own_eyes_and_none_is_a_kind_warning(app, circle, superuser, database):
    api = circle.api()
    assert "senior mentor" in api.get("/v1/me/mentors").get_json()["warning"]
    named = {"role": "primary", "meets": "monthly", "since": "2025-09-01", "name": SECRET}
    said = api.put("/v1/me/mentors", json={"mentors": [named]})
    assert said.get_json() == api.get("/v1/me/mentors").get_json() == {"mentors": [named], "warning": None}
    assert circle.api(1).get("/v1/me/mentors").get_json()["mentors"] == []
    row = superuser.execute(
        "SELECT o::text FROM own_mentors o WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchone()[0]
    assert SECRET not in row
    assert SECRET.encode().hex() not in row
    connection = connection_of(database, circle.tenant.id)
    as_her = acting(app, circle.tenant.id, circle.members[0], connection_id=connection, own_client=True)
    assert as_her.get("/v1/me/mentors").get_json()["code"] == "not_personal"
    with database.tenant(circle.tenant.id, membership_id=circle.members[0]) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM own_mentors").scalar_one() == 0


def people(circle, number, *, state="active", left_at=None):
    """So many more who are in a group of the cohort, as a door sees them; their memberships."""
    cursor, here = circle.superuser.cursor(), {"tenant_id": circle.tenant.id}
    group = plant(cursor, "peer_group", cohort_id=circle.cohort_id, state=state, **here)
    found = [plant(cursor, "membership", **here) for _ in range(number)]
    for each in found:
        who = {"membership_id": each, **here}
        participant = plant(cursor, "participant", cohort_id=circle.cohort_id, state="placed", **who)
        place = {"participant_id": participant, "admitted_at": now(), "left_at": left_at, **who}
        plant(cursor, "group_member", group_id=group, **place)
    return found


def says(circle, members, has_any):
    for each in members:
        known = {"tenant_id": circle.tenant.id, "membership_id": each, "has_any": has_any}
        plant(circle.superuser.cursor(), "own_mentors", **known)


def pooled(circle):
    rows = every(circle.tenant.api, f"/v1/programs/{circle.program_id}/pooled-answers")
    return [row["band"] for row in rows if row["question"] == "no_mentors"]


def next_quarter(circle):
    circle.superuser.execute(
        "UPDATE pooled_answer SET quarter = quarter - interval '3 months' WHERE program_id = %s",
        [circle.program_id],
    )


@pytest.mark.parametrize(
    ("without", "others", "band"),
    [(0, 10, None), (2, 9, "under_a_quarter"), (3, 9, "quarter_to_half"), (6, 5, "more")],
)
def test_the_tenant_is_told_a_share_of_eleven_or_more(circle, without, others, band):
    says(circle, people(circle, without), False)
    says(circle, people(circle, others), True)
    assert pooled(circle) == [band]


@pytest.mark.parametrize(
    "elsewhere",
    [{"state": "announced"}, {"state": "ended"}, {"state": "formed"}, {"left_at": now()}],
)
def test_only_those_in_a_group_that_lives_are_counted(circle, elsewhere):
    says(circle, people(circle, 10), True)
    says(circle, people(circle, 5, **elsewhere), True)
    assert pooled(circle) == [None]


def test_an_organiser_who_exchanges_one_person_learns_nothing(app, circle, tenant, superuser):
    """By programs that he makes for it, each with a group of eleven."""
    chosen = people(circle, 11)
    says(circle, chosen[:9], True)
    says(circle, chosen[9:], False)
    other = circle_of(app, tenant, superuser, people=0)
    says(other, people(other, 1), False)
    assert pooled(circle) == ["under_a_quarter"]
    cursor, here = superuser.cursor(), {"tenant_id": tenant.id, "group_id": other.id}
    for each in chosen[1:]:
        who = {"membership_id": each, "admitted_at": now(), **here}
        taking_part = {"cohort_id": other.cohort_id, "membership_id": each, "state": "placed"}
        participant = plant(cursor, "participant", tenant_id=tenant.id, **taking_part)
        plant(cursor, "group_member", participant_id=participant, **who)
    assert pooled(other) == [None], "three of these eleven have none, two of those did"


def test_it_is_told_once_a_quarter_and_not_where_one_to_ten_came_in(circle):
    says(circle, people(circle, 11), True)
    assert pooled(circle) == ["under_a_quarter"]
    says(circle, people(circle, 10), False)
    assert pooled(circle) == ["under_a_quarter"]
    next_quarter(circle)
    assert sorted(map(str, pooled(circle))) == ["None", "under_a_quarter"]
    says(circle, people(circle, 1), False)
    next_quarter(circle)
    assert sorted(map(str, pooled(circle))) == ["None", "quarter_to_half", "under_a_quarter"]


def test_who_answered_is_the_doors_to_know(circle, database):
    says(circle, people(circle, 11), True)
    pooled(circle)
    with database.tenant(circle.tenant.id) as session, pytest.raises(Exception, match="permission denied"):
        session.connection().exec_driver_sql("SELECT answered FROM pooled_answer")


def test_a_promise_is_recorded_seen_and_judged_by_her_alone(circle, superuser):
    api, member = circle.tenant.api, circle.members[0]
    url = f"/v1/participants/{circle.participants[member]}/commitment"
    none, first, second = ({"If-Match": f'"{number}"'} for number in range(3))
    assert api.get(url).status_code == 404
    assert api.put(url, json={**PROMISE, "to_on": "2026-01-01"}, headers=none).status_code == 422
    made = api.put(url, json=PROMISE, headers=none).get_json()
    assert api.put(url, json={**PROMISE, "percent": 50}, headers=first).get_json()["id"] == made["id"]
    hers = circle.api()
    (row,) = every(hers, "/v1/me/commitments")
    assert (row["percent"], row["kept"]) == (50, None)
    answer = f"/v1/me/commitments/{made['id']}/answer"
    for kept in ("yes", "no"):
        assert hers.put(answer, json={"kept": kept}).status_code == 200
    assert [row["kept"] for row in every(hers, "/v1/me/commitments")] == ["no"]
    assert circle.api(1).put(answer, json={"kept": "yes"}).status_code == 404
    assert "kept" not in api.get(url).get_json()
    events = superuser.execute(
        "SELECT e::text FROM event e WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchall()
    assert not any("answer" in row[0] for row in events)
    assert api.delete(url, headers=second).status_code == 204
    assert every(hers, "/v1/me/commitments") == []


def test_a_promise_that_somebody_changed_meanwhile_is_neither_overwritten_nor_withdrawn_unread(circle):
    api = circle.tenant.api
    url = f"/v1/participants/{circle.participants[circle.members[0]]}/commitment"
    assert api.put(url, json=PROMISE).status_code == 428
    none = {"If-Match": '"0"'}
    made = api.put(url, json=PROMISE, headers=none)
    assert (made.status_code, made.headers["ETag"]) == (200, '"1"')
    for stale in (none, {"If-Match": '"2"'}):
        assert api.put(url, json={**PROMISE, "percent": 10}, headers=stale).status_code == 412
        assert api.delete(url, headers=stale).status_code == 412
    assert api.delete(url).status_code == 428
    found = api.get(url)
    assert (found.get_json()["percent"], found.headers["ETag"]) == (PROMISE["percent"], '"1"')
    read = {"If-Match": found.headers["ETag"]}
    assert api.put(url, json={**PROMISE, "percent": 10}, headers=read).headers["ETag"] == '"2"'


def test_whether_promises_are_kept_is_told_as_a_share(circle):
    cursor, here = circle.superuser.cursor(), {"tenant_id": circle.tenant.id}
    for number, member in enumerate(people(circle, 12)):
        participant = cursor.execute(
            "SELECT id FROM participant WHERE membership_id = %s", [member]
        ).fetchone()[0]
        promise = plant(cursor, "sponsor_commitment", participant_id=participant, **here)
        kept = "no" if number < 4 else "partly"
        plant(cursor, "commitment_answer", commitment_id=promise, membership_id=member, kept=kept, **here)
    rows = every(circle.tenant.api, f"/v1/programs/{circle.program_id}/pooled-answers")
    assert {row["question"]: row["band"] for row in rows} == {
        "no_mentors": None, "promise_not_kept": "quarter_to_half",
    }  # fmt: skip


def announce(circle, **said):
    url = f"/v1/cohorts/{circle.cohort_id}/announcements"
    made = circle.tenant.api.post(url, json={"title": SECRET, "text": SECRET, **said})
    assert made.status_code == 201, made.get_json()
    return made.get_json()


def test_an_announcement_is_read_by_those_who_take_part_from_its_moment_on(app, circle, tenant, superuser):
    made = announce(circle)
    later = announce(circle, publish_at=(now() + timedelta(days=3)).isoformat())
    assert [row["id"] for row in every(circle.api(), "/v1/me/announcements")] == [made["id"]]
    url = f"/v1/cohorts/{circle.cohort_id}/announcements"
    assert [row["id"] for row in every(tenant.api, url)] == [made["id"], later["id"]]
    assert tenant.api.get(f"{url}/{later['id']}").get_json() == later
    other = circle_of(app, tenant, superuser, people=1)
    assert every(other.api(), "/v1/me/announcements") == []
    superuser.execute(
        "UPDATE participant SET state = 'withdrawn' WHERE membership_id = %s", [circle.members[1]]
    )
    assert every(circle.api(1), "/v1/me/announcements") == []
    elsewhere = f"/v1/cohorts/{other.cohort_id}/announcements/{made['id']}"
    assert [call(elsewhere).status_code for call in (tenant.api.get, tenant.api.delete)] == [404, 404]
    assert tenant.api.get(f"{url}/{made['id']}").get_json() == made
    assert tenant.api.delete(f"{url}/{made['id']}").status_code == 204
    assert every(circle.api(), "/v1/me/announcements") == []


def test_its_letter_says_that_there_is_one_and_nothing_of_it(circle, settings, superuser, database):
    superuser.execute("UPDATE membership SET email = 'a@b.example' WHERE tenant_id = %s", [circle.tenant.id])
    made = announce(circle)
    with database.tenant(circle.tenant.id) as session:
        job = jobs.enqueue(session, "announcement", subject_id=made["id"])
        session.commit()
    tell_of_announcement(claim(database, tenant_id=circle.tenant.id, job_id=job.id, settings=settings))
    posted = superuser.execute(
        "SELECT DISTINCT subject_id FROM letter WHERE tenant_id = %s AND kind = 'announcement'",
        [circle.tenant.id],
    ).fetchall()
    assert {row[0] for row in posted} == set(circle.participants.values())
    with database.tenant(circle.tenant.id) as session:
        letters = [
            announcing.compose(session, posted[0][0], settings),
            notices.compose_nudge(session, posted[0][0], settings),
            notices.compose_concern(session, circle.members[0], settings),
        ]
    for letter in letters:
        assert SECRET not in letter.text + letter.html + letter.subject
        assert "/sign-in/" in letter.text


def test_whoever_stopped_letters_of_announcements_is_not_sent_one_that_waits(
    circle, settings, superuser, database
):
    superuser.execute("UPDATE membership SET email = 'a@b.example' WHERE tenant_id = %s", [circle.tenant.id])
    her = circle.participants[circle.members[0]]
    with database.tenant(circle.tenant.id) as session:
        letter = announcing.compose(session, her, settings)
        session.commit()
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.headers["List-Id"].startswith("<announcements.")
    link = letter.headers["List-Unsubscribe"].strip("<>")
    assert link in letter.text
    assert f'<a href="{link}">' in letter.html
    assert circle.app.test_client().post(link.removeprefix(settings.public_url)).status_code == 200
    assert circle.api().get("/v1/me/notice-preferences").get_json()["announcements"] is False
    with database.tenant(circle.tenant.id) as session:
        assert announcing.compose(session, her, settings) is None
        assert announcing.compose(session, circle.participants[circle.members[1]], settings) is not None


def test_nobody_is_written_to_who_has_not_joined(circle, settings, database):
    stranger = plant(circle.superuser.cursor(), "membership", tenant_id=circle.tenant.id, email="x@y.example")
    here, _ = joined(database, circle.tenant.id)
    with database.tenant(circle.tenant.id) as session:
        assert notices.compose_concern(session, stranger, settings) is None
        assert notices.compose_concern(session, here, settings) is None  # she has no address


def test_of_several_who_are_asked_at_once_one_is_the_facilitator(app, circle, tenant):
    asked = [holder(app, tenant.id, "facilitator").id for _ in range(4)]

    def put(membership_id):
        api = app.test_client()
        api.token = tenant.api.token
        answer = api.put(f"{circle.url}/facilitator", json={"membership_id": str(membership_id)})
        return answer.status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(put, asked)) == [200] * 4
    rows = every(tenant.api, f"{circle.url}/facilitations")
    assert [len(rows), sum(row["ended_at"] is None for row in rows)] == [4, 1]
