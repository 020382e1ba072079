"""Who comes into a group: whomever none of its members objects to, and nobody learns who did."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tenants.groups.admissions import conclude_admissions
from tenants.groups.places import hold_group
from tenants.kernel.clock import now
from tenants.kernel.permissions import Role
from tests.factories.circles import circle_of
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, member_of
from tests.planting import plant

TEXT = "What is said of Amberbay stays here."


@pytest.fixture
def circle(app, tenant, superuser):
    """Three members, and a fourth who has joined and waits to be let in."""
    made = circle_of(app, tenant, superuser)
    made.add(admitted=False)
    return made


def place_of(circle, number=3):
    row = "SELECT id FROM group_member WHERE group_id = %s AND membership_id = %s ORDER BY created_at DESC"
    return str(circle.superuser.execute(row, [circle.id, circle.members[number]]).fetchone()[0])


def proposed(circle, by=0, number=3):
    made = circle.api(by).post(f"{circle.url}/admissions", json={"group_member_id": place_of(circle, number)})
    assert made.status_code == 201, made.get_json()
    return made.get_json()["id"]


def says(api, circle, admission, objects):
    return api.put(f"{circle.url}/admissions/{admission}/answer", json={"objects": objects})


def answer(circle, number, admission, objects=False):
    said = says(circle.api(number), circle, admission, objects)
    assert said.status_code == 204, said.get_json()


def pass_the_period(circle):
    circle.superuser.execute("UPDATE admission SET closes_at = now() WHERE group_id = %s", [circle.id])


def knock(circle):
    with circle.app.extensions["database"].tenant(circle.tenant.id) as session:
        hold_group(session, circle.id)
        conclude_admissions(session, circle.id)
        session.commit()


def state(circle, admission):
    row = "SELECT state FROM admission WHERE id = %s"
    return circle.superuser.execute(row, [UUID(admission)]).fetchone()[0]


def admitted_at(circle, number=3):
    row = "SELECT admitted_at FROM group_member WHERE group_id = %s AND membership_id = %s"
    return circle.superuser.execute(row, [circle.id, circle.members[number]]).fetchone()[0]


def written(api, circle, words, builds_on):
    return api.post(f"{circle.url}/charter/versions", json={"text": words, "builds_on": builds_on})


def test_whoever_all_agree_to_is_in_at_once_and_sees_only_what_comes_after(circle):
    written(circle.api(), circle, TEXT, 0)
    written(circle.api(), circle, "What holds.", 1)
    newcomer = circle.api(3)
    admission = proposed(circle)
    answer(circle, 1, admission)
    assert newcomer.get(f"{circle.url}/charter").status_code == 404
    assert state(circle, admission) == "open"
    answer(circle, 2, admission)
    assert state(circle, admission) == "admitted"
    assert newcomer.get(f"{circle.url}/charter").get_json()["text"] == "What holds."
    assert newcomer.get(f"{circle.url}/charter/versions/1").status_code == 404
    assert TEXT not in newcomer.get(f"{circle.url}/charter/versions").text
    assert every(newcomer, f"{circle.url}/admissions") == [], "what went before her is not hers to read"


def test_silence_lets_in_once_the_period_has_passed(circle):
    admission = proposed(circle)
    knock(circle)
    assert admitted_at(circle) is None
    pass_the_period(circle)
    knock(circle)
    assert (state(circle, admission), admitted_at(circle) is None) == ("admitted", False)


def test_one_objection_suffices_and_takes_effect_when_the_period_ends(circle):
    admission = proposed(circle)
    answer(circle, 1, admission, objects=True)
    answer(circle, 2, admission)
    knock(circle)
    assert state(circle, admission) == "open", "its moment would tell whose it was"
    pass_the_period(circle)
    knock(circle)
    assert state(circle, admission) == "refused"
    assert admitted_at(circle) is None
    assert circle.api(3).get("/v1/me/groups").get_json()["items"] == []
    participant = circle.participants[circle.members[3]]
    assert circle.tenant.api.get(f"/v1/participants/{participant}").get_json()["state"] == "waitlisted"


def test_somebody_can_think_better_of_an_objection_while_the_period_lasts(circle):
    admission = proposed(circle)
    answer(circle, 1, admission, objects=True)
    answer(circle, 1, admission)
    answer(circle, 2, admission)
    assert state(circle, admission) == "admitted"
    late = says(circle.api(1), circle, admission, True)
    assert (late.status_code, late.get_json()["code"]) == (409, "admission_closed")


def test_after_a_refusal_thirty_days_pass_before_the_next_proposal(circle, superuser):
    admission = proposed(circle)
    answer(circle, 1, admission, objects=True)
    pass_the_period(circle)
    knock(circle)
    again = (
        "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
        " SELECT tenant_id, uuidv7(), group_id, participant_id, membership_id FROM group_member"
        " WHERE membership_id = %s"
    )
    superuser.execute(again, [circle.members[3]])
    row = "SELECT id FROM group_member WHERE membership_id = %s AND left_at IS NULL"
    place = str(superuser.execute(row, [circle.members[3]]).fetchone()[0])
    refused = circle.api(2).post(f"{circle.url}/admissions", json={"group_member_id": place})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "refused_lately")
    superuser.execute(
        "UPDATE admission SET decided_at = decided_at - interval '30 days' WHERE id = %s", [UUID(admission)]
    )
    assert circle.api(2).post(f"{circle.url}/admissions", json={"group_member_id": place}).status_code == 201


def test_what_those_said_who_have_left_counts_no_more(circle):
    admission = proposed(circle)
    answer(circle, 1, admission, objects=True)
    answer(circle, 2, admission)
    assert circle.api(1).post(f"{circle.url}/departure").status_code == 201
    assert state(circle, admission) == "admitted", "all who are left have agreed"


def test_a_proposer_who_leaves_does_not_end_it(circle):
    admission = proposed(circle)
    assert circle.api(0).post(f"{circle.url}/departure").status_code == 201
    assert state(circle, admission) == "open"
    answer(circle, 1, admission)
    answer(circle, 2, admission)
    assert state(circle, admission) == "admitted"


def test_a_newcomer_who_leaves_ends_it(circle):
    admission = proposed(circle)
    assert circle.api(3).post(f"{circle.url}/departure").status_code == 201
    assert state(circle, admission) == "ended"
    pass_the_period(circle)
    knock(circle)
    assert admitted_at(circle) is None


def test_a_newcomer_whom_the_organiser_withdraws_is_not_let_in(circle):
    admission = proposed(circle)
    url = f"/v1/participants/{circle.participants[circle.members[3]]}"
    tag = circle.tenant.api.get(url).headers["ETag"]
    circle.tenant.api.patch(url, json={"state": "withdrawn"}, headers={"If-Match": tag})
    pass_the_period(circle)
    knock(circle)
    assert (state(circle, admission), admitted_at(circle)) == ("ended", None)


def test_nobody_is_let_in_where_nobody_is_left_to_object(circle, superuser):
    written(circle.api(), circle, TEXT, 0)
    admission = proposed(circle)
    superuser.execute(
        "UPDATE group_member SET left_at = now() WHERE group_id = %s AND admitted_at IS NOT NULL", [circle.id]
    )
    pass_the_period(circle)
    knock(circle)
    assert (state(circle, admission), admitted_at(circle)) == ("ended", None)


@pytest.mark.parametrize("objects", [None, True])
def test_whether_somebody_who_is_away_objects_does_not_show_before_the_period_ends(circle, objects):
    assert circle.api(1).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    admission = proposed(circle)
    if objects:
        answer(circle, 1, admission, objects=True)
    answer(circle, 2, admission)
    knock(circle)
    assert state(circle, admission) == "open"
    pass_the_period(circle)
    knock(circle)
    assert state(circle, admission) == ("refused" if objects else "admitted")


def test_nobody_is_let_in_at_once_because_all_others_are_away(circle):
    for number in (1, 2):
        assert circle.api(number).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
    admission = proposed(circle)
    assert state(circle, admission) == "open"
    for number in (1, 2):
        answer(circle, number, admission)
    assert state(circle, admission) == "admitted", "whoever is away may agree"


def test_an_admission_is_proposed_for_whoever_waits_and_has_joined(circle, superuser):
    def refused(place, by=0):
        said = circle.api(by).post(f"{circle.url}/admissions", json={"group_member_id": place})
        body = said.get_json()
        return said.status_code, body.get("code"), [each["code"] for each in body.get("errors", ())]

    other = circle_of(circle.app, circle.tenant, superuser, people=1)
    assert refused(place_of(other, 0)) == (422, "invalid", ["unknown"])
    assert refused(place_of(circle, 1))[:2] == (409, "not_waiting")
    superuser.execute("UPDATE membership SET person_id = NULL WHERE id = %s", [circle.members[3]])
    assert refused(place_of(circle))[:2] == (409, "not_joined")
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[3]])
    assert refused(place_of(circle))[:2] == (409, "not_waiting")
    circle.add(admitted=False)
    proposed(circle, number=4)
    assert refused(place_of(circle, 4), by=1)[:2] == (409, "already_proposed")
    own = circle.api(0).get(f"{circle.url}/admissions").get_json()["items"][0]["id"]
    said = says(circle.api(0), circle, own, True)
    assert (said.status_code, said.get_json()["code"]) == (409, "own_proposal")


def test_the_period_is_the_groups_own_and_cannot_be_cut_short(circle):
    url = f"{circle.url}/admission-settings"
    api = circle.api(0)
    assert api.get(url).get_json() == {"objection_days": 7}
    assert api.put(url, json={"objection_days": 1}).get_json() == {"objection_days": 1}
    ends = {}
    for days in (0, 31):
        assert api.put(url, json={"objection_days": days}).status_code == 422
    proposed(circle)
    row = "SELECT closes_at - now() FROM admission WHERE group_id = %s"
    ends = circle.superuser.execute(row, [circle.id]).fetchone()[0]
    assert timedelta(days=6, hours=23) < ends <= timedelta(days=7)
    assert circle.api(3).get(url).status_code == 404
    assert circle.tenant.api.put(url, json={"objection_days": 1}).status_code == 403


def told_of(circle):
    """Everything that is kept, as text, but the answers themselves. Events are sealed first, which numbers them; what
    jobs that were due before have done is left out.
    """
    sealed(circle.app.extensions["database"], circle.tenant.id)
    tables = (
        "event",
        "idempotency_record",
        "job",
        "letter",
        "admission",
        "group_member",
        "participant_change",
    )
    others = {"event": "AND type NOT LIKE 'job.%%'", "job": "AND kind <> 'letters'"}
    return "\n".join(
        str(circle.superuser.execute(f"SELECT string_agg(t::text, ',' ORDER BY t::text) FROM {each} t"  # noqa: S608
                                     f" WHERE tenant_id = %s {others.get(each, '')}",
                                     [circle.tenant.id]).fetchone()[0])
        for each in tables
    )  # fmt: skip


def test_no_row_changes_by_an_objection_but_the_answer_which_nobody_reads(circle, database, servers):
    admission = proposed(circle)
    api = circle.api(1)
    before = told_of(circle)
    for objects in (True, False, True):
        said = api.put(
            f"{circle.url}/admissions/{admission}/answer",
            json={"objects": objects},
            headers={"Idempotency-Key": "guessed"},
        )
        assert (said.status_code, said.get_data()) == (204, b"")
    assert told_of(circle) == before
    for member in (None, *circle.members):
        with database.tenant(circle.tenant.id, membership_id=member) as session:
            seen = session.execute(text("SELECT group_member_id FROM admission_answer")).scalars().all()
            assert [str(each) for each in seen] == (
                [place_of(circle, 1)] if member == circle.members[1] else []
            )
            with pytest.raises(Exception, match="permission denied"):
                session.execute(text("SELECT objects FROM admission_answer"))
    shown = {number: every(circle.api(number), f"{circle.url}/admissions")[0] for number in range(3)}
    assert [shown[number].pop("answered") for number in range(3)] == [False, True, False]
    assert shown[0] == shown[1] == shown[2]
    pass_the_period(circle)
    knock(circle)
    left = "SELECT count(*) FROM admission_answer WHERE tenant_id = %s"
    assert circle.superuser.execute(left, [circle.tenant.id]).fetchone() == (0,)


def test_the_owner_of_the_tables_reads_no_answer_either(circle, servers):
    answer(circle, 1, proposed(circle), objects=True)
    with psycopg.connect(servers.url_as("peerloom_owner")) as connection:
        assert connection.execute("SELECT count(*) FROM admission_answer").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM admission").fetchone() == (0,)


ATTACKS = (
    "UPDATE group_member SET admitted_at = now()",
    "UPDATE group_member SET paused_at = now()",
    "UPDATE peer_group SET objection_days = 1",
    "UPDATE peer_group SET objection_floor = NULL",
    "UPDATE peer_group SET opened_at = now()",
    "UPDATE peer_group SET origin = 'self_formed'",
    "UPDATE admission SET closes_at = now()",
    "UPDATE admission SET state = 'admitted'",
    "DELETE FROM admission",
    "INSERT INTO admission (tenant_id) VALUES (NULL)",
    "INSERT INTO admission_answer (tenant_id) VALUES (NULL)",
    "UPDATE admission_answer SET objects = false",
    "DELETE FROM admission_answer",
    "INSERT INTO delivered_invitation (tenant_id) VALUES (NULL)",
    "UPDATE delivered_invitation SET membership_id = NULL",
    "INSERT INTO group_invitation (written_at) VALUES (now())",
    "UPDATE group_invitation SET expires_at = now()",
)


@pytest.mark.parametrize("who", [None, 0, 3])
def test_nothing_of_it_is_written_past_the_doors(circle, database, who):
    answer(circle, 1, proposed(circle), objects=True)
    member = None if who is None else circle.members[who]
    for attack in ATTACKS:
        with (
            database.tenant(circle.tenant.id, membership_id=member) as session,
            pytest.raises(Exception, match="permission denied"),
        ):
            session.connection().exec_driver_sql(attack)


def test_an_admin_who_adds_herself_is_let_in_by_nobody(app, circle, tenant, database, superuser):
    written(circle.api(), circle, TEXT, 0)
    admin = member_of(app, tenant.id, Role.OWNER, own_client=True)
    at = {"tenant_id": tenant.id, "membership_id": admin.id}
    participant = plant(superuser.cursor(), "participant", cohort_id=circle.cohort_id, **at)
    plant(superuser.cursor(), "group_member", group_id=circle.id, participant_id=participant, **at)
    circle.members.append(spy := admin.id)
    place = place_of(circle, 4)
    body = {"group_member_id": place}
    for api in (admin.api, tenant.api, circle.api(4), acting(app, tenant.id, spy)):
        assert api.post(f"{circle.url}/admissions", json=body).status_code in (403, 404)
    own = proposed(circle, number=3)
    for member in (None, admin.id, spy, circle.members[3]):
        with database.tenant(tenant.id, membership_id=member) as session:
            run = session.connection().exec_driver_sql
            known = {"place": place, "admission": own, "group": circle.id}
            for call in (
                "door.propose_admission(uuidv7(), %(place)s)",
                "door.answer_admission(%(admission)s, false)",
                "door.set_objection_days(%(group)s, 1)",
                "door.pause_in_group(%(group)s, true, NULL)",
                "door.found_group(%(group)s)",
            ):
                assert run(f"SELECT {call}", known).scalar() is None, call
            assert run("SELECT outcome FROM door.conclude_admission(%(admission)s)", known).scalar() == "open"
            session.commit()
    for change in ({"admitted_at": "2026-01-01T00:00:00Z"}, {"left_at": None}, {"state": "formed"}):
        tag = tenant.api.get(circle.url).headers["ETag"]
        refused = tenant.api.patch(circle.url, json=change, headers={"If-Match": tag})
        assert refused.status_code in (409, 422), change
    assert admitted_at(circle, 4) is None
    assert circle.api(4).get(f"{circle.url}/charter").status_code == 404


def test_the_doors_ask_for_her_own_sign_in(circle, database, tenant):
    """An employer who enters as a member neither proposes nor answers in her name."""
    admission = proposed(circle)
    connection = connection_of(database, tenant.id)
    employer = circle.api(1, connection_id=connection)
    assert says(employer, circle, admission, True).status_code == 404
    with database.tenant(tenant.id, membership_id=circle.members[1]) as session:
        run = session.connection().exec_driver_sql
        assert run("SELECT door.answer_admission(%(a)s, true)", {"a": admission}).scalar() is None


def test_an_organiser_does_not_hold_an_admission_up(circle, tenant, superuser):
    proposed(circle)
    job = superuser.execute(
        "SELECT id FROM job WHERE tenant_id = %s AND kind = 'admission'", [tenant.id]
    ).fetchone()[0]
    refused = tenant.api.post(f"/v1/jobs/{job}/cancellation")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_cancellable")


def at_once(*acts):
    together = Barrier(len(acts))

    def one(act):
        together.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


@pytest.mark.parametrize("attempt", range(4))
def test_of_an_objection_and_the_last_agreement_and_the_end_one_outcome_comes(circle, attempt):
    admission = proposed(circle)
    apis = [circle.api(number) for number in (1, 2)]
    answer(circle, 2, admission)
    if attempt % 2:
        pass_the_period(circle)
    objected, *_ = at_once(
        lambda: says(apis[0], circle, admission, True).status_code,
        lambda: says(apis[1], circle, admission, False).status_code,
        lambda: knock(circle),
    )
    pass_the_period(circle)
    knock(circle)
    expected = "refused" if objected == 204 else "admitted"
    assert state(circle, admission) == expected
    assert (admitted_at(circle) is None) == (expected == "refused")


@pytest.mark.parametrize("attempt", range(3))
def test_of_leaving_and_the_last_agreement_one_outcome_comes(circle, attempt):
    admission = proposed(circle)
    answer(circle, 1, admission)
    newcomer, last = circle.api(3), circle.api(2)
    left, _, _ = at_once(
        lambda: newcomer.post(f"{circle.url}/departure").status_code,
        lambda: says(last, circle, admission, False).status_code,
        lambda: knock(circle),
    )
    assert left == 201
    assert state(circle, admission) in ("admitted", "ended")
    row = "SELECT admitted_at IS NULL, left_at IS NULL FROM group_member WHERE id = %s"
    never_in, still_in = circle.superuser.execute(row, [place_of(circle)]).fetchone()
    assert never_in == (state(circle, admission) == "ended")
    assert not still_in


def test_two_who_propose_the_same_person_at_once_make_one_admission(circle):
    body = {"group_member_id": place_of(circle)}
    apis = [circle.api(0), circle.api(1)]
    said = at_once(
        *(lambda api=api: api.post(f"{circle.url}/admissions", json=body).status_code for api in apis)
    )
    assert sorted(said) == [201, 409]


def test_two_last_members_who_agree_at_once_let_her_in(circle):
    admission = proposed(circle)
    apis = [circle.api(1), circle.api(2)]
    said = at_once(*(lambda api=api: says(api, circle, admission, False).status_code for api in apis))
    assert said == [204, 204]
    assert state(circle, admission) == "admitted"
    assert now() - admitted_at(circle) < timedelta(minutes=1)


ACTS = (
    "nothing",
    "agree",
    "object",
    "object, then agree",
    "pause",
    "pause and object",
    "object and leave",
    "leave",
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.tuples(*[st.sampled_from(ACTS)] * 2), over=st.booleans())
def test_whatever_the_members_do_the_outcome_follows_from_who_is_there(app, tenant, superuser, acts, over):
    """Two members and a proposer: admitted once nobody there has objected and all are asked or the time is over."""
    circle = circle_of(app, tenant, superuser)
    circle.add(admitted=False)
    admission = proposed(circle)
    for number, act in enumerate(acts, start=1):
        if act.startswith("pause"):
            assert circle.api(number).put(f"{circle.url}/pause", json={"until": None}).status_code == 200
        for word, objects in (("object", True), ("agree", False)):
            if word in act and state(circle, admission) == "open":
                answer(circle, number, admission, objects=objects)
        if act.endswith("leave"):
            assert circle.api(number).post(f"{circle.url}/departure").status_code == 201
    if over:
        pass_the_period(circle)
    knock(circle)
    objected = [act for act in acts if act in ("object", "pause and object")]
    silent = [act for act in acts if act in ("nothing", "pause")]
    expected = "open" if (objected or silent) and not over else "refused" if objected else "admitted"
    assert state(circle, admission) == expected
    assert (admitted_at(circle) is not None) == (expected == "admitted")
