"""Events of her career that a member records herself: hers alone at first, and never why."""

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, holder

OWN = "/v1/me/career-events"
PROMOTION = {"kind": "promotion", "date": "2026-05-01"}


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


def recorded(api, **told):
    made = api.post(OWN, json={**PROMOTION, **told})
    assert made.status_code == 201, made.get_json()
    assert api.get(made.headers["Location"]).get_json() == made.get_json()
    return made.headers["Location"]


def edited(api, url, **changes):
    return api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})


def refusal(answer):
    return answer.status_code, answer.get_json()["code"]


def told(superuser, tenant):
    rows = superuser.execute(
        "SELECT type FROM event WHERE tenant_id = %s AND subject_type = 'career_event' ORDER BY id",
        [tenant.id],
    )
    return [row[0] for row in rows.fetchall()]


def test_what_a_member_records_is_hers_alone_until_she_says_otherwise(
    app, circle, tenant, superuser, database
):
    api = circle.api()
    url = recorded(api)
    shown = api.get(url).get_json()
    assert (shown["visibility"], shown["own"], shown["membership_id"]) == ("me", True, str(circle.members[0]))
    assert every(api, OWN) == every(api, f"{OWN}?kind=promotion") == [shown]
    connection = connection_of(database, tenant.id)
    as_her = acting(app, tenant.id, circle.members[0], connection_id=connection, own_client=True)
    for other in (circle.api(1), as_her):
        assert every(other, OWN) == []
        assert other.get(url).status_code == 404
    assert refusal(as_her.post(OWN, json=PROMOTION)) == (403, "not_personal")
    organiser = holder(app, tenant.id, "owner", own_client=True).api
    for other in (tenant.api, organiser):
        assert every(other, "/v1/career-events") == []
        assert other.get(f"/v1/career-events/{shown['id']}").status_code == 404
    for event in ({}, {"membership_id": circle.members[1]}):
        with database.tenant(tenant.id, **event) as session:
            assert session.connection().exec_driver_sql("SELECT count(*) FROM career_event").scalar() == 0
    assert told(superuser, tenant) == []


def test_it_comes_to_the_tenant_as_made_and_goes_as_deleted(circle, tenant, superuser):
    api = circle.api()
    url = recorded(api)
    at_the_tenant = url.replace("/me", "")
    for changes in ({"visibility": "program"}, {"date": "2026-06-01"}):
        assert edited(api, url, **changes).status_code == 200
    assert tenant.api.get(at_the_tenant).get_json()["date"] == "2026-06-01"
    refused = edited(tenant.api, at_the_tenant, visibility="me")
    assert refused.get_json()["errors"][0]["code"] == "not_yours"
    assert edited(api, url, visibility="me").status_code == 200
    assert tenant.api.get(at_the_tenant).status_code == 404
    removed = api.delete(url, headers={"If-Match": api.get(url).headers["ETag"]})
    assert removed.status_code == 204
    assert told(superuser, tenant) == [f"career_event.{what}" for what in ("created", "updated", "deleted")]


def test_what_the_tenant_recorded_she_reads_and_does_not_change(circle, tenant):
    api = circle.api()
    body = {**PROMOTION, "membership_id": str(circle.members[0])}
    theirs = tenant.api.post("/v1/career-events", json=body).get_json()["id"]
    (row,) = every(api, OWN)
    assert (row["id"], row["own"]) == (theirs, False)
    assert refusal(edited(api, f"{OWN}/{theirs}", date="2026-06-01")) == (403, "not_yours")
    kept = recorded(api)
    assert refusal(edited(api, kept, visibility="program")) == (409, "exists")


@pytest.mark.parametrize("kind", ["leave", "departure"])
def test_nothing_takes_why_she_was_away_or_left(circle, tenant, kind):
    api, hers = circle.api(), {"kind": kind, "date": "2026-05-01"}
    theirs = {**hers, "membership_id": str(circle.members[0])}
    for client, path, body in ((api, OWN, hers), (tenant.api, "/v1/career-events", theirs)):
        for field in ("reason", "note", "title", "code"):
            refused = client.post(path, json={**body, field: "family"})
            assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, f"/{field}")
    recorded(api, kind=kind)


def test_how_long_she_was_followed_is_the_tenants_to_say(circle):
    for body, pointer in (
        ({"kind": "observation", "date": "2026-05-01"}, "/kind"),
        ({**PROMOTION, "visibility": "group"}, "/visibility"),
        ({**PROMOTION, "membership_id": str(circle.members[0])}, "/membership_id"),
    ):
        assert circle.api().post(OWN, json=body).get_json()["errors"][0]["pointer"] == pointer
