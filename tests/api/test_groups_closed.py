"""What a group has written opens to nobody by what an organiser does afterwards."""

from uuid import UUID

import pytest

from tenants.access import joining
from tenants.access.sign_in import SignedIn
from tenants.kernel.clock import now
from tenants.people.invitations import invitation_named
from tenants.people.models import Membership
from tests.factories.circles import circle_of
from tests.factories.matching import every, ready_to_match
from tests.factories.people import acting, connection_of, holder, joined, member_of, subject
from tests.planting import plant

TEXT = "What is said of Amberbay stays here."


def edit(api, url, **changes):
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


class Circle:
    """A group of four that was announced, one of whom has joined and written its charter; and its organiser."""

    def __init__(self, app, tenant, database, proposed):
        self.app, self.tenant, self.database, self.proposed = app, tenant, database, proposed
        size = {"min": 3, "max": 7}
        self.ready = ready_to_match(tenant, database, people=4, institutions=4, size=size, rules=[])
        limit = {"program_id": UUID(self.ready.program_id)}
        self.manager = holder(app, tenant.id, "program_manager", **limit).api
        self.match()
        self.url = (
            f"/v1/groups/{every(self.manager, f'/v1/groups?cohort_id={self.ready.cohort_id}')[0]['id']}"
        )
        edit(self.manager, self.url, state="announced")
        self.founder = self.membership_of(self.ready.participants[0])
        self.member = member_of(app, tenant.id, membership_id=self.founder, own_client=True).api
        written = {"text": TEXT, "builds_on": 0}
        assert self.member.post(f"{self.url}/charter/versions", json=written).status_code == 201

    def match(self, **more):
        url, _ = self.proposed(self.ready, **more)
        assert self.manager.post(f"{url}/acceptance").status_code == 201

    def membership_of(self, participant):
        return UUID(self.manager.get(f"/v1/participants/{participant}").get_json()["membership_id"])

    def become(self, membership_id):
        """Whoever makes a link of somebody who has not joined can use it himself."""
        asked = {"membership_id": str(membership_id), "deliver": "link"}
        link = self.manager.post("/v1/invitations", json=asked).get_json()["url"]
        with self.database.tenant(self.tenant.id) as session:
            invitation = invitation_named(session, link.rpartition("/")[2])
            joining.accept(session, invitation_id=invitation.id, who=subject())
            session.commit()
        return acting(self.app, self.tenant.id, membership_id, own_client=True)

    def closed_to(self, api):
        assert api.get(f"{self.url}/charter").status_code == 404
        assert api.get(f"{self.url}/charter/versions/1").status_code == 404
        assert TEXT not in api.get(f"{self.url}/charter/versions").text


@pytest.fixture
def circle(app, tenant, database, proposed):
    return Circle(app, tenant, database, proposed)


def test_whoever_joins_as_a_member_later_reads_what_is_written_from_then_on(circle):
    other = circle.become(circle.membership_of(circle.ready.participants[1]))
    circle.closed_to(other)
    later = {"text": "From now on.", "builds_on": 1}
    assert circle.member.post(f"{circle.url}/charter/versions", json=later).status_code == 201
    assert other.get(f"{circle.url}/charter").get_json()["text"] == "From now on."
    assert [row["number"] for row in every(other, f"{circle.url}/charter/versions")] == [2]
    assert circle.member.get(f"{circle.url}/charter/versions/1").get_json()["text"] == TEXT


def test_a_group_that_was_emptied_opens_anew_and_keeps_what_was_written_closed(circle):
    first, *others = circle.ready.participants
    came = [
        circle.manager.post(
            f"/v1/cohorts/{circle.ready.cohort_id}/participants",
            json={"external_id": f"N{number}", "attributes": {"award": "K01"}},
        ).get_json()
        for number in range(3)
    ]
    spy = circle.become(UUID(came[0]["membership_id"]))
    for each in others:
        edit(circle.manager, f"/v1/participants/{each}", state="withdrawn")
    circle.match(keep_groups={})
    circle.closed_to(spy)
    edit(circle.manager, f"/v1/participants/{first}", state="withdrawn")
    circle.match(keep_groups={})
    assert circle.manager.get(circle.url).get_json()["member_count"] == 3
    circle.closed_to(spy)
    circle.closed_to(circle.become(UUID(came[1]["membership_id"])))
    again = {"text": "Anew.", "builds_on": 1}
    assert spy.post(f"{circle.url}/charter/versions", json=again).status_code == 201
    assert spy.get(f"{circle.url}/charter").get_json()["text"] == "Anew."


def test_a_program_that_admits_any_sign_in_later_does_so_for_later_groups(circle):
    connection_id = connection_of(circle.database, circle.tenant.id)
    employer = acting(
        circle.app, circle.tenant.id, circle.founder, connection_id=connection_id, own_client=True
    )
    circle.closed_to(employer)
    edit(circle.manager, f"/v1/programs/{circle.ready.program_id}", group_sign_in="any")
    circle.closed_to(employer)
    assert circle.manager.get(circle.url).get_json()["group_sign_in"] == "personal"


def test_whoever_adds_a_personal_sign_in_to_another_reads_nothing_that_was_written_before(
    app, tenant, database, superuser
):
    """Her institution's administrator signs in as her, and adds his own sign-in while she has none."""
    group = circle_of(app, tenant, superuser)
    connection_id = connection_of(database, tenant.id)
    who = SignedIn(connection_id, "https://university.example", "she")
    member, _ = joined(database, tenant.id, who=who)
    at = {"tenant_id": tenant.id, "membership_id": member}
    cursor = superuser.cursor()
    participant = plant(cursor, "participant", cohort_id=group.cohort_id, state="placed", **at)
    place = {"group_id": group.id, "participant_id": participant, "admitted_at": now()}
    plant(cursor, "group_member", **place, **at)

    def ask(title):
        assert group.api().post(f"{group.url}/asks", json={"kind": "ask", "title": title}).status_code == 201

    ask("Before")
    through_her_employer = acting(app, tenant.id, member, connection_id=connection_id, own_client=True)
    assert through_her_employer.get(f"{group.url}/asks").status_code == 404
    with database.tenant(tenant.id) as session:
        person = session.get_one(Membership, (tenant.id, member)).person_id
        joining.link_personal(session, who=subject(), membership_id=member, person_id=person)
        session.commit()
    himself = acting(app, tenant.id, member, own_client=True)
    ask("After")
    assert [row["title"] for row in every(himself, f"{group.url}/asks")] == ["After"]
    assert {row["title"] for row in every(group.api(1), f"{group.url}/asks")} == {"Before", "After"}


def test_who_turns_out_to_sign_in_as_herself_elsewhere_reads_what_is_written_from_then_on(
    tenant, new_tenant, database, superuser
):
    _, herself = joined(database, new_tenant().id)
    who = SignedIn(connection_of(database, tenant.id), "https://university.example", "she")
    member, _ = joined(database, tenant.id, who=who)
    read = "SELECT joined_at FROM membership WHERE id = %s"
    (before,) = superuser.execute(read, [member]).fetchone()
    with database.tenant(tenant.id) as session:
        person = session.get_one(Membership, (tenant.id, member)).person_id
        became = joining.link_personal(session, who=herself, membership_id=member, person_id=person)
        session.commit()
    assert became != person
    (after,) = superuser.execute(read, [member]).fetchone()
    assert after > before
