"""The letter to whoever is nominated for another tenant's groups."""

from uuid import UUID

import pytest

from tests.conftest import open_another
from tests.factories.cohorts import make_cohort
from tests.factories.partners import invited, nomination
from tests.factories.people import acting, joined

ADDRESS = "nominee@amberbay.example"


@pytest.fixture
def nominee(app, tenant, database):
    """Somebody of the tenant who has joined, has an address and is nominated for a host's cohort."""
    person = tenant.api.post("/v1/people", json={"name": "Invented Nominee", "email": ADDRESS}).get_json()[
        "id"
    ]
    joined(database, tenant.id, membership_id=UUID(person))
    host = open_another(app, database)
    invitation = invited(host, tenant, make_cohort(host.api).rpartition("/")[2])
    return UUID(person), nomination(tenant, invitation, UUID(person))


def test_she_is_written_to_and_told_who_hosts(tenant, clerk, nominee, post_office):
    assert [to for to, _ in clerk.took()] == [ADDRESS]
    said = post_office.received[-1].message.get_body(("plain",)).get_content()
    assert "hears of you only if you agree" in said
    assert "/sign-in/" in said


def test_nobody_is_written_to_once_she_has_answered_or_it_was_taken_back(app, tenant, clerk, nominee):
    person, nomination_id = nominee
    herself = acting(app, tenant.id, person, own_client=True)
    url = f"/v1/me/nominations/{nomination_id}/answer"
    assert herself.put(url, json={"answer": "accepted"}).status_code == 200
    assert clerk.took() == []
    assert clerk.states() == ["dropped"]
