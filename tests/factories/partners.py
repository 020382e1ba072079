"""Two tenants, one of which hosts groups for people of both. All of them are invented."""

from typing import Any
from uuid import UUID

from tests.conftest import Tenant, open_another
from tests.factories.cohorts import make_cohort
from tests.factories.people import Member, member_of


def invited(host: Any, partner: Any, cohort_id: str, *, answer: str | None = "accepted") -> str:
    """The host invites the partner, which answers; the invitation's id."""
    database = partner.api.application.extensions["database"]
    with database.tenant(partner.id) as session:
        slug = session.connection().exec_driver_sql("SELECT slug FROM tenant").scalar_one()
    made = host.api.post("/v1/partner-invitations", json={"partner": slug, "cohort_id": cohort_id})
    assert made.status_code == 201, made.get_json()
    found: str = made.get_json()["id"]
    if answer is not None:
        url = f"/v1/received-partner-invitations/{found}/answer"
        assert partner.api.put(url, json={"answer": answer}).status_code == 200
    return found


def nominated(partner: Any, invitation_id: str, *, member: Member | None = None) -> tuple[str, Member]:
    """The partner nominates somebody who has joined; the nomination's id, and she."""
    member = member or member_of(partner.api.application, partner.id, own_client=True)
    return nomination(partner, invitation_id, member.id), member


def nomination(partner: Any, invitation_id: str, membership_id: UUID) -> str:
    """The partner nominates somebody of its own; the nomination's id."""
    url = f"/v1/received-partner-invitations/{invitation_id}/nominations"
    made = partner.api.post(url, json={"membership_id": str(membership_id)})
    assert made.status_code == 201, made.get_json()
    found: str = made.get_json()["id"]
    return found


def agreed(member: Member, nomination_id: str, **how: Any) -> Any:
    """She agrees to be a guest."""
    body = {"answer": "accepted", "email": f"invented-{nomination_id}@mail.example", **how}
    return member.api.put(f"/v1/me/nominations/{nomination_id}/answer", json=body)


def partners_of(tenant: Any, cohort_id: str, me: Any) -> dict[str, str]:
    """The tenant hosts two guests who wait, and nominated elsewhere somebody and whoever the client `me` acts for; an
    id of each, by path parameter.
    """
    app = tenant.api.application
    other: Tenant = open_another(app, app.extensions["database"])
    theirs = make_cohort(other.api).rpartition("/")[2]
    ids = {}
    for number in range(2):
        if number:  # one at a time for a cohort
            for host, one in ((tenant, "partner_invitation_id"), (other, "received_partner_invitation_id")):
                assert host.api.delete(f"/v1/partner-invitations/{ids[one]}").status_code == 204
        ids["partner_invitation_id"] = invited(tenant, other, cohort_id)
        ids["guest_id"], guest = nominated(other, ids["partner_invitation_id"])
        assert agreed(guest, ids["guest_id"]).status_code == 200
        ids["received_partner_invitation_id"] = invited(other, tenant, theirs)
    nominated(tenant, ids["received_partner_invitation_id"])
    herself = UUID(me.get("/v1/me").get_json()["id"])
    ids["nomination_id"] = nomination(tenant, ids["received_partner_invitation_id"], herself)
    return ids
