"""People of several tenants in one cohort: nominated by their own, hosted by another, and no more told than that."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.factories.cohorts import make_cohort
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.partners import agreed, invited, nominated
from tests.factories.people import acting, connection_of, holder, member_of


@pytest.fixture
def host(tenant):
    return tenant


@pytest.fixture
def partner(new_tenant):
    return new_tenant()


@pytest.fixture
def cohort_id(host):
    return make_cohort(host.api).rpartition("/")[2]


def accept(host, guest_id, **headers):
    return host.api.post(f"/v1/guests/{guest_id}/acceptance", headers=headers)


def test_a_nominee_who_agrees_becomes_a_guest_whom_the_host_takes_in(host, partner, cohort_id):
    invitation = invited(host, partner, cohort_id)
    guest_id, member = nominated(partner, invitation)
    assert every(host.api, "/v1/guests") == []
    assert agreed(member, guest_id, name="Invented Guest").get_json()["state"] == "accepted"
    (offered,) = every(host.api, "/v1/guests")
    assert (offered["id"], offered["name"], offered["state"]) == (guest_id, "Invented Guest", "offered")
    taken = accept(host, guest_id).get_json()
    assert taken["state"] == "accepted"
    participant = host.api.get(f"/v1/participants/{taken['participant_id']}").get_json()
    assert (participant["cohort_id"], participant["state"], participant["name"]) == (
        cohort_id, "eligible", "Invented Guest",
    )  # fmt: skip
    assert len(every(host.api, f"/v1/invitations?membership_id={taken['membership_id']}")) == 1
    (row,) = every(partner.api, f"/v1/received-partner-invitations/{invitation}/nominations")
    assert (row["state"], row["membership_id"]) == ("accepted", str(member.id))
    assert row["takes_part_since"]


def test_whoever_declines_or_has_not_answered_the_host_never_hears_of(host, partner, cohort_id, superuser):
    invitation = invited(host, partner, cohort_id)
    for answer in ("declined", None):
        nomination_id, member = nominated(partner, invitation)
        if answer:
            member.api.put(f"/v1/me/nominations/{nomination_id}/answer", json={"answer": answer})
    assert every(host.api, "/v1/guests") == []
    assert superuser.execute(
        "SELECT count(*) FROM guest_offer WHERE tenant_id = %s", [host.id]
    ).fetchone() == (0,)


def test_a_partner_sees_its_own_people_and_never_the_others(host, partner, cohort_id, new_tenant):
    other = new_tenant()
    for each in (partner, other):
        guest_id, member = nominated(each, invited(host, each, cohort_id))
        agreed(member, guest_id)
        accept(host, guest_id)
    for each, another in ((partner, other), (other, partner)):
        (received,) = every(each.api, "/v1/received-partner-invitations")
        rows = every(each.api, f"/v1/received-partner-invitations/{received['id']}/nominations")
        assert len(rows) == 1
        assert every(each.api, "/v1/partner-invitations") == every(each.api, "/v1/guests") == []
        (theirs,) = every(another.api, "/v1/received-partner-invitations")
        for path in ("", "/nominations", f"/nominations/{rows[0]['id']}"):
            assert each.api.get(f"/v1/received-partner-invitations/{theirs['id']}{path}").status_code == 404


def test_a_partnership_that_has_ended_is_over_whatever_was_said_at_the_same_moment(
    host, partner, cohort_id, superuser
):
    found = invited(host, partner, cohort_id)
    url = f"/v1/received-partner-invitations/{found}"
    assert partner.api.put(f"{url}/answer", json={"answer": "ended"}).status_code == 200
    superuser.execute(
        "INSERT INTO partner_answer (tenant_id, id, source_tenant_id, partner_invitation_id, answer)"
        " SELECT tenant_id, uuidv7(), source_tenant_id, partner_invitation_id, 'accepted' FROM partner_answer"
        " WHERE partner_invitation_id = %s AND answer = 'ended'",
        [found],
    )
    assert partner.api.get(url).get_json()["state"] == "ended"


def test_an_employer_that_did_not_nominate_is_told_nothing(host, partner, cohort_id, new_tenant, superuser):
    employer = new_tenant()
    before = superuser.execute("SELECT count(*) FROM event WHERE tenant_id = %s", [employer.id]).fetchone()
    guest_id, member = nominated(partner, invited(host, partner, cohort_id))
    agreed(member, guest_id)
    accept(host, guest_id)
    for path in ("/v1/received-partner-invitations", "/v1/partner-invitations", "/v1/guests"):
        assert every(employer.api, path) == []
    after = superuser.execute("SELECT count(*) FROM event WHERE tenant_id = %s", [employer.id]).fetchone()
    assert after == before


def test_a_guest_is_taken_in_once_however_often_it_is_asked_at_once(host, partner, cohort_id):
    guest_id, member = nominated(partner, invited(host, partner, cohort_id))
    agreed(member, guest_id)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(accept(host, guest_id).status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409, 409, 409]
    assert len(every(host.api, f"/v1/cohorts/{cohort_id}/participants")) == 1


def test_somebody_answers_once_and_only_for_herself(host, partner, cohort_id, app):
    nomination_id, member = nominated(partner, invited(host, partner, cohort_id))
    url = f"/v1/me/nominations/{nomination_id}/answer"
    assert (
        member_of(app, partner.id, own_client=True).api.put(url, json={"answer": "accepted"}).status_code
        == 404
    )
    assert agreed(member, nomination_id).status_code == 200
    for answer in ("accepted", "declined"):
        again = member.api.put(url, json={"answer": answer})
        assert (again.status_code, again.get_json()["code"]) == (409, "answered")


def test_without_an_address_she_says_one_or_is_asked_for_it(host, partner, cohort_id):
    nomination_id, member = nominated(partner, invited(host, partner, cohort_id))
    refused = member.api.put(f"/v1/me/nominations/{nomination_id}/answer", json={"answer": "accepted"})
    assert refused.get_json()["errors"][0]["pointer"] == "/email"
    assert agreed(member, nomination_id, email="herself@mail.example").status_code == 200
    assert every(host.api, "/v1/guests")[0]["email"] == "herself@mail.example"


def test_one_nominates_whoever_has_joined_once_and_takes_it_back_before_she_answers(
    host, partner, cohort_id, superuser
):
    invitation = invited(host, partner, cohort_id)
    url = f"/v1/received-partner-invitations/{invitation}/nominations"
    stranger = partner.api.post("/v1/people", json={"name": "Invented"}).get_json()["id"]
    refused = partner.api.post(url, json={"membership_id": stranger})
    assert refused.get_json()["errors"][0]["code"] == "not_joined"
    nomination_id, member = nominated(partner, invitation)
    again = partner.api.post(url, json={"membership_id": str(member.id)})
    assert (again.status_code, again.get_json()["code"]) == (409, "nominated")
    assert partner.api.delete(f"{url}/{nomination_id}").status_code == 204
    assert agreed(member, nomination_id).status_code == 409
    again = partner.api.post(url, json={"membership_id": str(member.id)})
    assert (again.status_code, again.get_json()["code"]) == (409, "nominated_lately")
    superuser.execute(
        "UPDATE nomination SET withdrawn_at = now() - interval '31 days' WHERE id = %s", [nomination_id]
    )
    second, _ = nominated(partner, invitation, member=member)
    assert agreed(member, second).status_code == 200
    assert partner.api.delete(f"{url}/{second}").status_code == 409


def test_her_tenant_is_not_told_that_she_declined(host, partner, cohort_id, superuser):
    """What it sees, and what it is answered, is as of somebody who has not answered."""
    invitation = invited(host, partner, cohort_id)
    url = f"/v1/received-partner-invitations/{invitation}/nominations"
    seen = []
    for answer in ("declined", None):
        nomination_id, member = nominated(partner, invitation)
        if answer:
            said = member.api.put(f"/v1/me/nominations/{nomination_id}/answer", json={"answer": answer})
            assert said.get_json()["state"] == "declined"
            assert every(member.api, "/v1/me/nominations")[0]["state"] == "declined"
        body = {"membership_id": str(member.id)}
        answers = [
            partner.api.get(f"{url}/{nomination_id}").get_json()["state"],
            partner.api.post(url, json=body).get_json()["code"],
            partner.api.delete(f"{url}/{nomination_id}").status_code,
            partner.api.get(f"{url}/{nomination_id}").get_json()["state"],
            partner.api.post(url, json=body).get_json()["code"],
        ]
        types = "SELECT type FROM event WHERE tenant_id = %s AND subject_id = %s ORDER BY id"
        seen.append([answers, superuser.execute(types, [partner.id, nomination_id]).fetchall()])
    assert seen[0] == seen[1]
    assert seen[0][0] == ["nominated", "nominated", 204, "withdrawn", "nominated_lately"]


def test_nobody_else_answers_for_her(host, partner, cohort_id, app, database):
    nomination_id, member = nominated(partner, invited(host, partner, cohort_id))
    url, answer = (
        f"/v1/me/nominations/{nomination_id}/answer",
        {"answer": "accepted", "email": "b@mail.example"},
    )
    portal = acting(app, partner.id, member.id).put(url, json=answer)
    assert (portal.status_code, portal.get_json()["code"]) == (403, "insufficient_scope")
    employer = acting(
        app, partner.id, member.id, connection_id=connection_of(database, partner.id), own_client=True
    )
    refused = employer.put(url, json=answer)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_personal")
    assert member.api.put(url, json={"answer": "declined"}).status_code == 200
    assert [row["state"] for row in every(employer, "/v1/me/nominations")] == ["nominated"]
    one = f"/v1/me/nominations/{nomination_id}"
    assert [api.get(one).get_json()["state"] for api in (employer, member.api)] == ["nominated", "declined"]


def test_a_partner_has_one_invitation_for_a_cohort_at_a_time(host, partner, cohort_id, database):
    with database.tenant(partner.id) as session:
        slug = session.connection().exec_driver_sql("SELECT slug FROM tenant").scalar_one()
    asked = {"partner": slug, "cohort_id": cohort_id}
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: host.api.post("/v1/partner-invitations", json=asked), range(3)))
    assert sorted(each.status_code for each in made) == [201, 409, 409]
    assert {each.get_json()["code"] for each in made if each.status_code == 409} == {"already_invited"}
    (first,) = every(host.api, "/v1/partner-invitations")
    assert host.api.delete(f"/v1/partner-invitations/{first['id']}").status_code == 204
    invited(host, partner, cohort_id)
    assert host.api.post("/v1/partner-invitations", json=asked).status_code == 409


def test_whose_address_the_host_knows_it_adds_itself(host, partner, cohort_id):
    guest_id, member = nominated(partner, invited(host, partner, cohort_id))
    own = host.api.post("/v1/people", json={"name": "Invented", "email": "same@mail.example"}).get_json()[
        "id"
    ]
    assert agreed(member, guest_id, email="Same@mail.example").status_code == 200
    refused = accept(host, guest_id).get_json()
    assert refused["code"] == "known_address"
    assert own in refused["detail"]
    assert every(host.api, f"/v1/cohorts/{cohort_id}/participants") == []


@pytest.mark.parametrize("answer", [None, "declined", "ended"])
def test_nobody_is_nominated_unless_both_sides_want_it(host, partner, cohort_id, answer):
    invitation = invited(host, partner, cohort_id, answer=answer)
    member = member_of(partner.api.application, partner.id)
    url = f"/v1/received-partner-invitations/{invitation}/nominations"
    refused = partner.api.post(url, json={"membership_id": str(member.id)})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_partners")


def test_either_side_ends_it_and_who_is_a_guest_stays_one(host, partner, cohort_id):
    invitation = invited(host, partner, cohort_id)
    first, one = nominated(partner, invitation)
    agreed(one, first)
    accept(host, first)
    second, two = nominated(partner, invitation)
    agreed(two, second)
    assert host.api.delete(f"/v1/partner-invitations/{invitation}").status_code == 204
    assert host.api.get(f"/v1/partner-invitations/{invitation}").get_json()["state"] == "ended"
    assert (accept(host, second).status_code, len(every(host.api, "/v1/guests"))) == (409, 2)
    answer = partner.api.put(
        f"/v1/received-partner-invitations/{invitation}/answer", json={"answer": "accepted"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (409, "partnership_ended")
    assert host.api.get(f"/v1/guests/{first}").get_json()["state"] == "accepted"


def test_an_answer_or_an_offer_counts_from_the_invited_tenant_alone(
    host, partner, cohort_id, new_tenant, database
):
    invitation = invited(host, partner, cohort_id, answer=None)
    forger = new_tenant()
    answer = (
        "INSERT INTO partner_answer (tenant_id, id, source_tenant_id, partner_invitation_id, answer)"
        " VALUES (%s, uuidv7(), %s, %s, 'accepted')"
    )
    offer = (
        "INSERT INTO guest_offer (tenant_id, id, source_tenant_id, partner_invitation_id, name, email)"
        " VALUES (%s, uuidv7(), %s, %s, 'Forged', 'forged@mail.example')"
    )
    with database.tenant(forger.id) as session:
        for statement in (answer, offer):
            session.connection().exec_driver_sql(statement, (host.id, forger.id, invitation))
        session.commit()
    assert host.api.get(f"/v1/partner-invitations/{invitation}").get_json()["state"] == "invited"
    assert every(host.api, "/v1/guests") == []
    with database.tenant(forger.id) as session, pytest.raises(Exception, match="row-level security"):
        session.connection().exec_driver_sql(answer, (host.id, partner.id, invitation))


def test_nobody_invites_herself_or_an_unknown_tenant_or_for_anothers_cohort(
    host, partner, cohort_id, database
):
    with database.tenant(host.id) as session:
        own = session.connection().exec_driver_sql("SELECT slug FROM tenant").scalar_one()
    for slug in (own, "no-such-tenant"):
        refused = host.api.post("/v1/partner-invitations", json={"partner": slug, "cohort_id": cohort_id})
        assert refused.get_json()["errors"][0]["pointer"] == "/partner"
    refused = partner.api.post("/v1/partner-invitations", json={"partner": own, "cohort_id": cohort_id})
    assert refused.get_json()["errors"][0]["pointer"] == "/cohort_id"


def test_a_role_that_is_limited_to_a_program_sees_no_partner(host, partner, cohort_id, app):
    program = host.api.get(f"/v1/cohorts/{cohort_id}").get_json()["program_id"]
    invitation = invited(host, partner, cohort_id)
    manager = holder(app, host.id, "program_manager", program_id=program).api
    assert every(manager, "/v1/partner-invitations") == []
    assert manager.get(f"/v1/partner-invitations/{invitation}").status_code == 404


def told(superuser, which):
    """The events of what another tenant did: type, subject and what changed, in the order of their coming."""
    rows = superuser.execute(
        "SELECT type, subject_id::text, changed FROM event WHERE tenant_id = %s AND actor IS NULL"
        " AND (type LIKE 'partner%%' OR type LIKE 'guest%%' OR type LIKE 'nomination%%')"
        " ORDER BY created_at, id",
        [which.id],
    )
    return rows.fetchall()


def test_each_side_hears_in_events_of_its_own_what_the_other_did(host, partner, cohort_id, superuser):
    invitation = invited(host, partner, cohort_id, answer=None)
    assert told(superuser, partner) == [("partner_invitation.received", invitation, [])]
    assert told(superuser, host) == []
    answer = f"/v1/received-partner-invitations/{invitation}/answer"
    assert partner.api.put(answer, json={"answer": "accepted"}).status_code == 200
    guest_id, member = nominated(partner, invitation)
    assert agreed(member, guest_id, name="Invented Guest").status_code == 200
    assert accept(host, guest_id).status_code == 201
    assert partner.api.put(answer, json={"answer": "ended"}).status_code == 200
    assert host.api.delete(f"/v1/partner-invitations/{invitation}").status_code == 204
    assert told(superuser, host) == [
        ("partner_invitation.answered", invitation, ["accepted"]),
        ("guest.offered", guest_id, []),
        ("partner_invitation.ended", invitation, ["ended"]),
    ]
    assert told(superuser, partner) == [
        ("partner_invitation.received", invitation, []),
        ("nomination.takes_part", guest_id, []),
        ("partner_invitation.ended", invitation, []),
    ]


def test_that_she_declined_or_was_nominated_at_all_is_told_in_no_event_of_the_host(
    host, partner, cohort_id, superuser
):
    invitation = invited(host, partner, cohort_id)
    before = told(superuser, host), told(superuser, partner)
    nomination_id, member = nominated(partner, invitation)
    answer = f"/v1/me/nominations/{nomination_id}/answer"
    assert member.api.put(answer, json={"answer": "declined"}).status_code == 200
    assert (told(superuser, host), told(superuser, partner)) == before


def test_what_the_other_did_is_in_the_feed(host, partner, cohort_id, database):
    invited(host, partner, cohort_id)
    sealed(database, host.id)
    types = {row["type"] for row in every(host.api, "/v1/events")}
    assert "partner_invitation.answered" in types


def test_the_door_tells_nobody_of_a_row_that_the_tenant_did_not_send(
    host, partner, cohort_id, superuser, database
):
    invitation = invited(host, partner, cohort_id, answer=None)
    superuser.execute("DELETE FROM event WHERE tenant_id = %s", [partner.id])
    for which in (partner, host, host):
        with database.tenant(which.id) as session:
            session.execute(text("SELECT door.tell_addressee(:sent)"), {"sent": invitation})
            session.commit()
        if which is partner:
            assert told(superuser, partner) == []
    assert told(superuser, partner) == [("partner_invitation.received", invitation, [])]
