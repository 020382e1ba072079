"""Groups that people form themselves, and invitations into groups, of which nobody learns more than she should."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest

from tenants.access.clients import create_own_client
from tenants.kernel.clock import now
from tenants.matching.options import KeepGroups
from tenants.matching.pools import groups_to_keep
from tests.api.test_admissions import knock
from tests.factories.circles import Circle, circle_of
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, joined
from tests.planting import plant


@pytest.fixture
def people(app, tenant, superuser, database):
    """A cohort of five who have joined and are in no group."""
    with database.tenant(tenant.id) as session:
        create_own_client(session)
        session.commit()
    cursor = superuser.cursor()
    program = plant(cursor, "program", tenant_id=tenant.id, group_sign_in="personal")
    cohort = plant(cursor, "cohort", tenant_id=tenant.id, program_id=program, time_zone="UTC")
    made = Circle(app, tenant, superuser, UUID(int=0), program, cohort)
    for _ in range(5):
        add(made, database)
    return made


def add(people, database, state="eligible"):
    member, _ = joined(database, people.tenant.id)
    number = len(people.members)
    people.superuser.execute(
        "UPDATE membership SET external_id = %s, email = %s, name = %s WHERE id = %s",
        [f"P{number}", f"p{number}@amberbay.example", f"Person {number}", member],
    )
    people.participants[member] = plant(
        people.superuser.cursor(), "participant", tenant_id=people.tenant.id, cohort_id=people.cohort_id,
        membership_id=member, state=state,
    )  # fmt: skip
    people.members.append(member)
    return member


def form(people, number=0, name="Amberbay", said=None, **how):
    body = {"application_id": str(people.participants[people.members[number]]), "name": name, **(said or {})}
    return people.api(number, **how).post("/v1/groups", json=body)


def formed(people, number=0):
    made = form(people, number)
    assert made.status_code == 201, made.get_json()
    people.id = UUID(made.get_json()["id"])
    return people


def invite(people, name, by=0):
    made = people.api(by).post(f"{people.url}/invitations", json={"name": name})
    assert made.status_code == 201, made.get_json()
    return made.get_json()


def invited(people, number):
    return people.api(number).get("/v1/me/group-invitations").get_json()["items"]


def accept(people, number):
    (found,) = invited(people, number)
    return people.api(number).post(f"/v1/me/group-invitations/{found['id']}/acceptance")


def state_of(people, number):
    participant = people.participants[people.members[number]]
    return people.tenant.api.get(f"/v1/participants/{participant}").get_json()["state"]


def code_of(answer):
    return answer.status_code, answer.get_json()["code"]


def test_a_participant_forms_a_group_beside_those_of_matching(people, superuser):
    made = form(people).get_json()
    shown = people.tenant.api.get(f"/v1/groups/{made['id']}").get_json()
    assert (shown["origin"], shown["matching_run_id"], shown["state"]) == ("self_formed", None, "active")
    assert (shown["member_count"], shown["group_sign_in"], shown["opened_at"] is None) == (
        1,
        "personal",
        False,
    )
    (mine,) = people.api(0).get("/v1/me/groups").get_json()["items"]
    assert (mine["id"], mine["origin"], mine["admitted_at"] is None) == (made["id"], "self_formed", False)
    assert state_of(people, 0) == "placed"
    history = "SELECT source, state FROM participant_change WHERE participant_id = %s"
    known = [people.participants[people.members[0]]]
    assert superuser.execute(history, known).fetchall() == [("person", "placed")]
    other = circle_of(people.app, people.tenant, superuser, people=1)
    assert people.tenant.api.get(other.url).get_json()["origin"] == "matched"
    people.id = UUID(made["id"])
    url = f"{people.url}/charter/versions"
    assert people.api(0).post(url, json={"text": "Ours.", "builds_on": 0}).status_code == 201


def test_whoever_forms_a_group_finds_it_where_she_is_told(people):
    made = form(people)
    assert people.api(0).get(made.headers["Location"]).get_json()["id"] == made.get_json()["id"]
    assert people.api(1).get(made.headers["Location"]).status_code == 404
    circle_of(people.app, people.tenant, people.superuser, people=1)
    (shown,) = every(people.tenant.api, "/v1/groups?origin=self_formed")
    assert shown["id"] == made.get_json()["id"]


def test_whoever_forms_a_group_says_what_it_is(people):
    made = form(people, said={"format": "dyad"}).get_json()
    people.id = UUID(made["id"])
    assert made["format"] == "dyad"
    invite(people, "P1")
    assert accept(people, 1).status_code == 201
    assert people.tenant.api.get(people.url).get_json()["format"] == "dyad"
    assert form(people, 2).get_json()["format"] == "small_group"
    assert form(people, 3, said={"format": "crowd"}).get_json()["errors"][0]["pointer"] == "/format"


def test_a_rename_leaves_the_years_of_a_self_formed_group(people, superuser):
    formed(people)
    kept = "SELECT active_on = CAST(opened_at AT TIME ZONE 'UTC' AS date) FROM peer_group WHERE id = %s"
    assert superuser.execute(kept, [people.id]).fetchone() == (True,)
    superuser.execute(
        "UPDATE peer_group SET opened_at = now() - interval '25 months', active_on = now() - interval '25 months'"
        " WHERE id = %s", [people.id]
    )  # fmt: skip
    api, shown = people.tenant.api, people.api(0).get(f"{people.url}/renewal").get_json()
    assert shown["number"] > 1
    tag = {"If-Match": api.get(people.url).headers["ETag"]}
    assert api.patch(people.url, json={"name": "Renamed"}, headers=tag).status_code == 200
    assert people.api(0).get(f"{people.url}/renewal").get_json() == shown


def test_who_is_in_a_group_or_not_to_be_in_one_forms_none(people, superuser, database):
    formed(people)
    assert code_of(form(people)) == (409, "already_in_a_group")
    for state in ("withdrawn", "paused", "ineligible"):
        superuser.execute(
            "UPDATE participant SET state = %s WHERE id = %s", [state, people.participants[people.members[1]]]
        )
        assert code_of(form(people, 1)) == (409, "not_taking_part")
    body = {"application_id": str(people.participants[people.members[2]]), "name": "Not mine"}
    refused = people.api(3).post("/v1/groups", json=body)
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, "/application_id")
    employer = connection_of(database, people.tenant.id)
    assert code_of(form(people, 3, connection_id=employer)) == (403, "not_personal")
    portal = acting(people.app, people.tenant.id, people.members[3])
    assert portal.post("/v1/groups", json=body).status_code == 403
    assert people.tenant.api.post("/v1/groups", json=body).status_code == 403


def test_who_was_drawn_to_start_later_forms_no_group_before(people, superuser):
    cursor, mine = superuser.cursor(), {"tenant_id": people.tenant.id}
    recipe = plant(cursor, "recipe", **mine, program_id=people.program_id)
    job = plant(cursor, "job", **mine, state="succeeded")
    run = plant(
        cursor, "matching_run", **mine, cohort_id=people.cohort_id, recipe_id=recipe, job_id=job, accepted_at=now()
    )  # fmt: skip
    plant(
        cursor, "placement", **mine, matching_run_id=run, participant_id=people.participants[people.members[0]],
        proposed_group_id=None, arm=2,
    )  # fmt: skip
    assert code_of(form(people)) == (409, "drawn_to_start_later")


def test_a_run_leaves_it_in_peace_unless_it_names_it(people, database):
    formed(people)
    with database.tenant(people.tenant.id) as session:
        every_group = groups_to_keep(people.cohort_id, KeepGroups())
        assert session.scalars(every_group).all() == []
        named = groups_to_keep(people.cohort_id, KeepGroups(group_ids=(people.id,)))
        assert session.scalars(named).all() == [people.id]


def test_two_groups_at_once_are_not_formed_by_one_person(people):
    together = Barrier(2)
    apis = [people.api(0), people.api(0)]

    def attempt(api):
        together.wait(30)
        body = {"application_id": str(people.participants[people.members[0]]), "name": "Twice"}
        return api.post("/v1/groups", json=body).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, apis)) == [201, 409]


def test_whom_the_founder_alone_invites_is_let_in_at_once_and_the_next_by_both(people):
    formed(people)
    invite(people, "P1")
    (found,) = invited(people, 1)
    assert (found["group_name"], found["group_id"]) == ("Amberbay", str(people.id))
    assert accept(people, 1).get_json()["answer"] == "accepted"
    assert state_of(people, 1) == "placed"
    assert people.api(1).get(f"{people.url}/charter/versions").status_code == 200
    invite(people, " p2@AMBERBAY.example ", by=1)
    assert accept(people, 2).status_code == 201
    assert people.api(2).get(f"{people.url}/roster").status_code == 404
    (admission,) = [row for row in every(people.api(0), f"{people.url}/admissions") if row["state"] == "open"]
    assert (admission["proposer_id"], admission["name"]) == (str(people.members[1]), "Person 2")
    url = f"{people.url}/admissions/{admission['id']}/answer"
    assert people.api(0).put(url, json={"objects": False}).status_code == 204
    names = [row["name"] for row in every(people.api(2), f"{people.url}/roster")]
    assert names == ["Person 0", "Person 1", "Person 2"]


def test_a_matched_pair_grows_in_the_same_way(people, superuser, database):
    pair = circle_of(people.app, people.tenant, superuser, people=2)
    superuser.execute(
        "UPDATE peer_group SET cohort_id = %s, format = 'dyad' WHERE id = %s", [people.cohort_id, pair.id]
    )
    people.id = pair.id
    made = pair.api(0).post(f"{pair.url}/invitations", json={"name": "P3"})
    assert made.status_code == 201
    assert accept(people, 3).status_code == 201
    assert people.tenant.api.get(pair.url).get_json()["format"] == "dyad", "nobody was let in yet"
    superuser.execute("UPDATE admission SET closes_at = now() WHERE group_id = %s", [pair.id])
    knock(people)
    assert people.api(3).get(f"{pair.url}/roster").status_code == 200
    shown = people.tenant.api.get(pair.url).get_json()
    assert (shown["member_count"], shown["format"]) == (3, "small_group")
    back = people.tenant.api.patch(
        pair.url, json={"format": "dyad"}, headers={"If-Match": f'"{shown["version"]}"'}
    )
    assert code_of(back) == (409, "format_does_not_fit")


def answers_alike(people, one, other):
    """That the two answers, and what they left to be read, do not differ but in what was asked."""
    shape = [
        {
            name: value
            for name, value in answer.items()
            if name not in ("id", "written_at", "expires_at", "name")
        }
        for answer in (one, other)
    ]
    assert shape[0] == shape[1]
    kept = people.superuser.execute(
        "SELECT e.type, e.actor, e.changed::text, e.counts::text, count(*) FROM event e WHERE e.tenant_id = %s"
        " AND e.type LIKE 'group_inv%%' GROUP BY 1, 2, 3, 4",
        [people.tenant.id],
    ).fetchall()
    assert kept == [("group_invitation.written", None, "{}", "{}", 2)]
    jobs = people.superuser.execute(
        "SELECT kind, queue, count(*) FROM job WHERE tenant_id = %s AND kind = 'letters' GROUP BY 1, 2",
        [people.tenant.id],
    ).fetchall()
    assert [row[2] for row in jobs] == [2]
    assert {row["state"] for row in every(people.api(0), f"{people.url}/invitations")} == {"open"}


@pytest.mark.parametrize("why", ["nobody", "her wish", "a member's wish", "the organiser", "declined"])
def test_whoever_invites_does_not_learn_whether_it_came_to_anybody(people, why):
    formed(people)
    if why == "declined":
        invite(people, "P2")
        (found,) = invited(people, 2)
        url = f"/v1/me/group-invitations/{found['id']}/refusal"
        assert people.api(2).post(url).get_json()["answer"] == "declined"
    wish = "/v1/me/applications/{}/separations"
    first, third = (people.participants[people.members[number]] for number in (0, 2))
    if why == "her wish":
        assert people.api(2).put(wish.format(third), json={"names": ["p0"]}).status_code == 200
    if why == "a member's wish":
        names = {"names": ["P2@amberbay.example"]}
        assert people.api(0).put(wish.format(first), json=names).status_code == 200
    if why == "the organiser":
        url, apart = f"/v1/cohorts/{people.cohort_id}/separations", [str(first), str(third)]
        assert people.tenant.api.post(url, json={"participants": apart}).status_code == 201
    for table in ("event", "job"):
        people.superuser.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [people.tenant.id])  # noqa: S608
    reached = invite(people, "P1")
    in_vain = invite(people, "P99" if why == "nobody" else "P2")
    assert len(invited(people, 1)) == 1
    assert invited(people, 2) == []
    answers_alike(people, reached, in_vain)


def test_wishes_are_asked_for_no_other_purpose_than_the_invitation_of_this_moment(people, database):
    formed(people)
    wish = f"/v1/me/applications/{people.participants[people.members[2]]}/separations"
    assert people.api(2).put(wish, json={"names": ["P0"]}).status_code == 200
    made = invite(people, "P2")
    guest = people.participants[people.members[2]]
    for member in (None, *people.members):
        with database.tenant(people.tenant.id, membership_id=member) as session:
            run = session.connection().exec_driver_sql
            known = {"invitation": made["id"], "guest": guest}
            assert run("SELECT * FROM door.wishes_about(%(invitation)s, %(guest)s)", known).all() == []
            assert run("SELECT door.deliver_invitation(%(invitation)s, %(guest)s)", known).scalar() is None


def test_an_invitation_is_seen_by_whom_it_is_for_alone(people, database):
    formed(people)
    invite(people, "P1")
    for number, member in enumerate((*people.members, None)):
        with database.tenant(people.tenant.id, membership_id=member) as session:
            run = session.connection().exec_driver_sql
            assert run("SELECT count(*) FROM delivered_invitation").scalar() == int(number == 1)
    (found,) = invited(people, 1)
    assert (
        acting(people.app, people.tenant.id, people.members[1]).get("/v1/me/group-invitations").status_code
        == 403
    )
    for act in ("acceptance", "refusal"):
        url = f"/v1/me/group-invitations/{found['id']}/{act}"
        assert people.api(2).post(url).status_code == 404
        assert acting(people.app, people.tenant.id, people.members[1]).post(url).status_code == 403
        employer = people.api(1, connection_id=connection_of(database, people.tenant.id))
        assert code_of(employer.post(url)) == (403, "not_personal")


def test_who_is_placed_elsewhere_hears_it_and_nobody_else(people):
    formed(people)
    invite(people, "P1")
    assert form(people, 1, "Eastgate").status_code == 201
    assert code_of(accept(people, 1)) == (409, "already_in_a_group")
    assert every(people.api(0), f"{people.url}/invitations")[0]["state"] == "open"


def test_an_invitation_that_was_answered_taken_back_or_has_expired_is_over(people, superuser):
    formed(people)
    made = invite(people, "P1")
    (found,) = invited(people, 1)
    url = f"/v1/me/group-invitations/{found['id']}"
    assert people.api(0).delete(f"{people.url}/invitations/{made['id']}").status_code == 204
    assert invited(people, 1) == []
    assert people.api(1).post(f"{url}/acceptance").status_code == 404
    invite(people, "P3")
    (found,) = invited(people, 3)
    superuser.execute("UPDATE delivered_invitation SET expires_at = now() WHERE id = %s", [UUID(found["id"])])
    assert invited(people, 3) == []
    late = people.api(3).post(f"/v1/me/group-invitations/{found['id']}/acceptance")
    assert code_of(late) == (409, "invitation_over")
    invite(people, "P2")
    made = every(people.api(0), f"{people.url}/invitations")[-1]
    assert accept(people, 2).status_code == 201
    assert code_of(people.api(0).delete(f"{people.url}/invitations/{made['id']}")) == (
        409,
        "already_accepted",
    )
    assert code_of(people.api(2).delete(f"{people.url}/invitations/{made['id']}"))[0] in (403, 404)
    again = people.api(2).post(f"/v1/me/group-invitations/{made['id']}/acceptance")
    assert code_of(again) == (409, "already_answered")


@pytest.mark.parametrize("declines", [True, False])
def test_whoever_was_asked_is_not_asked_again_within_thirty_days_by_taking_back(people, superuser, declines):
    formed(people)
    invite(people, "P1")
    accept(people, 1)
    made = invite(people, "P2")
    if declines:
        (found,) = invited(people, 2)
        assert people.api(2).post(f"/v1/me/group-invitations/{found['id']}/refusal").status_code == 201
    assert people.api(0).delete(f"{people.url}/invitations/{made['id']}").status_code == 204
    for by in (0, 1):
        again = invite(people, "P2", by=by)
        assert people.api(by).delete(f"{people.url}/invitations/{again['id']}").status_code == 204
    letters = "SELECT count(*) FROM letter WHERE kind = 'group_invitation' AND subject_id = %s"
    assert superuser.execute(letters, [people.participants[people.members[2]]]).fetchone() == (1,)
    superuser.execute(
        "UPDATE delivered_invitation SET created_at = created_at - interval '30 days',"
        " answered_at = answered_at - interval '30 days' WHERE group_id = %s", [people.id]
    )  # fmt: skip
    invite(people, "P2")
    assert len(invited(people, 2)) == 1


def test_an_invitation_goes_with_whoever_wrote_it(people):
    formed(people)
    invite(people, "P1")
    accept(people, 1)
    invite(people, "P2", by=1)
    assert len(invited(people, 2)) == 1
    assert people.api(1).post(f"{people.url}/departure").status_code == 201
    assert invited(people, 2) == []


def test_so_many_wait_at_a_time_whoever_sees_them(people):
    formed(people)
    invite(people, "P1")
    for number in range(9):
        invite(people, f"X{number}")
    refused = people.api(0).post(f"{people.url}/invitations", json={"name": "P2"})
    assert code_of(refused) == (409, "too_many_invitations")
    accept(people, 1)
    assert every(people.api(1), f"{people.url}/invitations") == [], "a newcomer sees none of them"
    invite(people, "P2", by=1)
    refused = people.api(1).post(f"{people.url}/invitations", json={"name": "P3"})
    assert code_of(refused) == (409, "too_many_invitations")


def test_the_name_has_no_second_copy(people, superuser):
    formed(people)
    api = people.api(0)
    body, key = {"name": "Brackwater"}, {"Idempotency-Key": "once"}
    assert api.post(f"{people.url}/invitations", json=body, headers=key).get_json()["name"] == "Brackwater"
    assert api.post(f"{people.url}/invitations", json=body, headers=key).get_json()["name"] is None
    for table in ("idempotency_record", "event", "job", "letter", "group_invitation", "delivered_invitation"):
        kept = superuser.execute(f"SELECT string_agg(t::text, '') FROM {table} t").fetchone()[0] or ""  # noqa: S608
        assert "Brackwater" not in kept
        assert b"Brackwater".hex() not in kept


def test_of_accepting_twice_at_once_one_is_first(people):
    formed(people)
    invite(people, "P1")
    (found,) = invited(people, 1)
    together, apis = Barrier(2), [people.api(1), people.api(1)]

    def attempt(api):
        together.wait(30)
        return api.post(f"/v1/me/group-invitations/{found['id']}/acceptance").status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, apis)) == [201, 409]
    assert people.tenant.api.get(people.url).get_json()["member_count"] == 2


@pytest.mark.parametrize("goes", ["invitations/{}", "my-words", "departure"])
def test_an_invitation_is_accepted_while_it_is_taken_away_and_neither_is_held_up(people, goes):
    formed(people)
    inviter = people.api(0)
    for number in (1, 2, 3, 4)[: 1 if goes == "departure" else 4]:
        made = invite(people, f"P{number}")
        (found,) = invited(people, number)
        guest, met = people.api(number), Barrier(2)

        def comes(guest=guest, found=found, met=met):
            met.wait()
            return guest.post(f"/v1/me/group-invitations/{found['id']}/acceptance")

        def ends(made=made, met=met):
            met.wait()
            url = f"{people.url}/{goes.format(made['id'])}"
            return inviter.post(url, json={"then": "wait"}) if goes == "departure" else inviter.delete(url)

        with ThreadPoolExecutor(2) as pool:
            both = [each.result().status_code for each in (pool.submit(comes), pool.submit(ends))]
        assert both[0] in (201, 404, 409)
        assert both[1] in (201, 204, 409)


def test_of_accepting_here_and_forming_there_at_once_one_is_first(people):
    formed(people)
    invite(people, "P1")
    (found,) = invited(people, 1)
    together, apis = Barrier(2), [people.api(1), people.api(1)]

    def accepts():
        together.wait(30)
        return apis[0].post(f"/v1/me/group-invitations/{found['id']}/acceptance").status_code

    def forms():
        together.wait(30)
        body = {"application_id": str(people.participants[people.members[1]]), "name": "Eastgate"}
        return apis[1].post("/v1/groups", json=body).status_code

    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(accepts), threads.submit(forms)]
        assert sorted(each.result() for each in done) == [201, 409]
    assert len(people.api(1).get("/v1/me/groups").get_json()["items"]) == 1


def test_whoever_takes_part_no_more_is_not_invited(people, superuser):
    formed(people)
    gone = people.participants[people.members[1]]
    superuser.execute("UPDATE participant SET state = 'withdrawn' WHERE id = %s", [gone])
    invite(people, "P1")
    assert invited(people, 1) == []
