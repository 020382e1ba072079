"""Whom a person does not want to be with: written by name, read by her alone, kept by matching for good."""

from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tenants.tables import METADATA
from tests.api.test_intake import today
from tests.contract import edit
from tests.factories.consents import edit_program
from tests.factories.events import sealed
from tests.factories.matching import every, partition, ready_to_match, statements
from tests.factories.people import acting, connection_of, member_of

SIX = {"rules": [], "size": {"min": 5, "max": 6}, "waitlist": True}
"""A recipe by which six are one group, unless two of them must be apart."""


def wishes_of(participant):
    return f"/v1/me/applications/{participant['id']}/separations"


@pytest.fixture
def ready(tenant, database):
    """Five participants who are ready to be matched."""
    return ready_to_match(tenant, database, people=5, **SIX)


@pytest.fixture
def author(app, tenant, ready):
    """One of them, with the product's own client."""
    participant = tenant.api.get(f"/v1/participants/{ready.participants[0]}").get_json()
    member = member_of(app, tenant.id, membership_id=UUID(participant["membership_id"]), own_client=True)
    return participant, member


def write(author, *names):
    participant, member = author
    answer = member.api.put(wishes_of(participant), json={"names": list(names)})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["names"]


def join(tenant, ready, external_id="late", **more):
    made = tenant.api.post(
        f"/v1/cohorts/{ready.cohort_id}/participants", json={"external_id": external_id, **more}
    )
    assert made.status_code == 201, made.get_json()
    return made.get_json()


def test_she_reads_what_she_wrote_and_whether_such_people_are_there_changes_nothing(
    tenant, database, ready, author
):
    join(tenant, ready, email="bora@eastgate.example")
    participant, member = author
    url = wishes_of(participant)
    assert member.api.get(url).get_json() == {"names": []}
    write(author, "first, so that there is a key")
    asked = {}
    for name in ("Bora@EastGate.example", "nobody@eastgate.example", "P1", "P99", participant["external_id"]):
        with statements(database) as run:
            assert write(author, name, "P2", name) == [name, "P2", name]
            assert member.api.get(url).get_json() == {"names": [name, "P2", name]}
        asked[name] = run
    assert len({tuple(run) for run in asked.values()}) == 1


@pytest.mark.parametrize("by", ["email", "chosen_email", "external_id"])
def test_who_joins_later_is_kept_apart_by_whatever_she_goes_by(app, tenant, ready, author, proposed, by):
    names = {"email": "Late@Example.org ", "chosen_email": "HER@own.example", "external_id": "LATE"}
    write(author, "nobody@example.org", names[by])
    late = join(tenant, ready, email="late@example.org")
    if by == "chosen_email":
        herself = member_of(app, tenant.id, membership_id=UUID(late["membership_id"]))
        assert edit(herself.api, "/v1/me", chosen_email="her@own.example").status_code == 200
    url, run = proposed(ready)
    (left,) = every(tenant.api, f"{url}/unplaced")
    assert left["participant_id"] in {author[0]["id"], late["id"]}
    assert names[by].strip() not in str((left, run, every(tenant.api, f"{url}/proposed-groups")))
    assert write(author) == []
    url, _ = proposed(ready)
    assert len(partition(tenant.api, url)[0]) == 6, "what is taken back is kept no longer"


def test_a_wish_can_be_written_when_the_intake_has_closed(tenant, ready, author):
    edit(tenant.api, f"/v1/cohorts/{ready.cohort_id}/intake", closes_on=today(days=-3))
    assert write(author, "late@example.org") == ["late@example.org"]


def test_no_client_of_the_tenants_is_given_a_wish_whoever_consents(app, tenant, ready, author):
    participant, member = author
    write(author, "late@example.org")
    portal = acting(app, tenant.id, member.id)
    for api in (portal, tenant.api):
        for answer in (
            api.get(wishes_of(participant)), api.put(wishes_of(participant), json={"names": []}),
        ):  # fmt: skip
            assert (answer.status_code, answer.get_json()["code"]) == (403, "insufficient_scope")


def test_an_institutions_sign_in_opens_a_wish_only_where_it_opens_groups(
    app, tenant, database, ready, author
):
    participant, member = author
    write(author, "late@example.org")
    connection_id = connection_of(database, tenant.id)
    employed = acting(app, tenant.id, member.id, connection_id=connection_id, own_client=True)
    assert employed.get(wishes_of(participant)).status_code == 404
    assert employed.put(wishes_of(participant), json={"names": []}).status_code == 404
    edit_program(tenant.api, ready.program_id, group_sign_in="any")
    assert employed.get(wishes_of(participant)).get_json() == {"names": []}, (
        "what she wrote before stays hers"
    )
    write(author, "late@example.org")
    assert employed.get(wishes_of(participant)).get_json() == {"names": ["late@example.org"]}
    assert edit(member.api, "/v1/me", groups_locked=True).status_code == 200
    assert employed.get(wishes_of(participant)).status_code == 404


def test_a_wish_leaves_no_trace_that_others_could_read(tenant, database, servers, ready, author):
    participant, _ = author
    url = f"/v1/participants/{participant['id']}"
    before, history = tenant.api.get(url).get_json(), tenant.api.get(f"{url}/changes").get_json()
    sealed(database, tenant.id)
    events = every(tenant.api, "/v1/events")
    write(author, "canary@example.org", "canary-17")
    sealed(database, tenant.id)
    assert every(tenant.api, "/v1/events") == events
    assert tenant.api.get(url).get_json() == before
    assert tenant.api.get(f"{url}/changes").get_json() == history
    assert every(tenant.api, f"/v1/cohorts/{ready.cohort_id}/separations") == []
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        for table in METADATA.tables:
            kept = sql.SQL("SELECT count(*) FROM {} t WHERE t::text LIKE '%canary%'")
            assert superuser.execute(kept.format(sql.Identifier(table))).fetchone() == (0,), table


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/names"),
        ({"names": ["x"] * 51}, "/names"),
        ({"names": [" "]}, "/names/0"),
        ({"names": "x"}, "/names"),
    ],
)
def test_what_names_nobody_is_refused(author, body, pointer):
    participant, member = author
    answer = member.api.put(wishes_of(participant), json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.get_json()["errors"]] in ([pointer], [pointer] * 2)
