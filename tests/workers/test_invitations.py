"""Invitations by letter: through a real worker and a real mail server into somebody's hands."""

import re

import psycopg
import pytest

from tests.conftest import eventually
from tests.factories.cohorts import make_cohort
from tests.factories.matching import statements
from tests.factories.people import joined

SENDER = "Invented Society <post@example.org>"


@pytest.fixture
def sending(start, post_office):
    """A worker that sends letters, and a scheduler."""
    start("worker", SMTP_URL=post_office.url, MAIL_FROM=SENDER)
    start("scheduler")
    return post_office


def letter_to(office, address, number=1):
    return eventually(lambda: len(office.to(address)) >= number and office.to(address))[-1]


def link_in(letter):
    return re.search(r"/invitations/\S+", letter.text())[0].rstrip(".")


def state_of(tenant, invitation):
    return tenant.api.get(f"/v1/invitations/{invitation['id']}").get_json()["state"]


def test_a_letter_brings_the_link_and_the_database_keeps_its_hash_only(
    tenant, sending, app, servers, environment
):
    person = tenant.api.post(
        "/v1/people", json={"name": "Alma <Ashbourne>", "email": "alma@amberbay.example"}
    )
    invitation = tenant.api.post(
        "/v1/invitations", json={"membership_id": person.get_json()["id"]}
    ).get_json()
    assert invitation["url"] is None
    letter = letter_to(sending, "alma@amberbay.example")
    assert "Invented Society" in letter.message["Subject"]
    assert "Alma &lt;Ashbourne&gt;" in letter.text("html")
    link = link_in(letter)
    assert link in letter.text("html")
    page = app.test_client().get(link)
    assert (page.status_code, "Alma &lt;Ashbourne&gt;" in page.text) == (200, True)
    name = environment["DATABASE_URL"].rpartition("/")[2].partition("?")[0]
    with psycopg.connect(servers.url_as("postgres", name)) as superuser:
        kept = superuser.execute("SELECT string_agg(l::text, '') FROM invitation_link l").fetchone()[0]
        letters = superuser.execute("SELECT string_agg(l::text, '') FROM letter l").fetchone()[0]
    secret = link.rpartition("_")[2]
    assert secret not in kept + letters
    assert "amberbay" not in letters


def test_another_letter_ends_the_links_before(tenant, sending, app):
    person = tenant.api.post("/v1/people", json={"email": "bora@eastgate.example"}).get_json()
    invitation = tenant.api.post("/v1/invitations", json={"membership_id": person["id"]}).get_json()
    first = link_in(letter_to(sending, "bora@eastgate.example"))
    assert tenant.api.post(f"/v1/invitations/{invitation['id']}/letter").status_code == 200
    second = link_in(letter_to(sending, "bora@eastgate.example", 2))
    assert [app.test_client().get(link).status_code for link in (first, second)] == [404, 200]
    assert tenant.api.post(f"/v1/invitations/{invitation['id']}/revocation").get_json()["state"] == "revoked"
    assert app.test_client().get(second).status_code == 404
    for act in ("letter", "link", "revocation"):
        again = tenant.api.post(f"/v1/invitations/{invitation['id']}/{act}")
        assert (again.status_code, again.get_json()["code"]) == (409, "invitation_ended")


def test_nobody_is_invited_twice_and_nobody_without_an_address_by_letter(tenant):
    person = tenant.api.post("/v1/people", json={"name": "Nobody's"}).get_json()
    refused = tenant.api.post("/v1/invitations", json={"membership_id": person["id"]})
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["code"] == "no_address"
    asked = {"membership_id": person["id"], "deliver": "link"}
    assert tenant.api.post("/v1/invitations", json=asked).status_code == 201, "what was refused left nothing"
    again = tenant.api.post("/v1/invitations", json=asked)
    assert (again.status_code, again.get_json()["code"]) == (409, "already_invited")


def test_a_whole_cohort_is_invited_but_those_who_need_no_letter(tenant, sending, database):
    cohort = make_cohort(tenant.api)

    def add(external_id, **more):
        return tenant.api.post(f"{cohort}/participants", json={"external_id": external_id, **more}).get_json()

    for number in range(3):
        add(f"P{number}", email=f"p{number}@cohort.example")
    add("silent")
    add("gone", email="gone@cohort.example", state="withdrawn")
    member = add("member", email="member@cohort.example")
    joined(database, tenant.id, membership_id=member["membership_id"])
    told = tenant.api.post(f"{cohort}/invitations")
    assert (told.status_code, told.get_json()) == (201, {
        "invited": 3, "joined": 1, "already_invited": 0, "with_roles": 0, "out_of_reach": 0,
        "without_address": 1, "left_alone": 1,
    })  # fmt: skip
    for number in range(3):
        assert letter_to(sending, f"p{number}@cohort.example")
    assert not sending.to("member@cohort.example") + sending.to("gone@cohort.example")
    states = {
        each["external_id"]: each["state"]
        for each in tenant.api.get(f"{cohort}/participants").get_json()["items"]
    }
    assert states == {
        **{f"P{number}": "invited" for number in range(3)}, "silent": "eligible", "gone": "withdrawn",
        "member": "eligible",
    }  # fmt: skip
    again = tenant.api.post(f"{cohort}/invitations").get_json()
    assert (again["invited"], again["already_invited"]) == (0, 3)
    listed = tenant.api.get(f"/v1/invitations?cohort_id={cohort.rpartition('/')[2]}").get_json()["items"]
    assert [each["state"] for each in listed] == ["open"] * 3
    assert all(each["sent_at"] for each in listed)


def test_many_are_invited_in_no_more_statements_than_few(tenant, database):
    asked = []
    for people in (2, 20):
        cohort = make_cohort(tenant.api)
        for number in range(people):
            body = {"external_id": f"{people}-{number}", "email": f"p{number}@many.example"}
            tenant.api.post(f"{cohort}/participants", json=body)
        with statements(database) as run:
            assert tenant.api.post(f"{cohort}/invitations").get_json()["invited"] == people
        asked.append(len([each for each in run if "invit" in each]))
    assert asked[0] == asked[1] > 0
