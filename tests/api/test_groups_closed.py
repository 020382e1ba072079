"""What a group has written opens to nobody by what an organiser does afterwards."""

from uuid import UUID

import pytest

from tenants.access import joining
from tenants.people.invitations import invitation_named
from tests.factories.matching import every, ready_to_match
from tests.factories.people import acting, connection_of, holder, member_of, subject

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
