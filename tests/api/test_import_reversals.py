"""Imports undone, and what keeps one from being undone."""

from sqlalchemy import text

from tenants.cohorts.imports.reversal import REFERS_TO_MEMBERSHIP
from tenants.kernel.ids import new_id
from tenants.tables import METADATA
from tests.factories.cohorts import (
    HEADER,
    MAPPING,
    TWO,
    changes,
    counted,
    make_cohort,
    people,
    send_file,
    url_of,
)
from tests.factories.matching import ready_to_match


def test_a_reversal_restores_who_was_changed_and_removes_who_was_added(tenant, cohort, imported, finished):
    imported(TWO)
    before = people(tenant, cohort)
    done = imported(HEADER + "A,Ada B,,0000-2,Yale,,,7\nC,Cy,,,,,,\n", mode="replace", max_withdrawals=1)
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    after = people(tenant, cohort)
    assert set(after) == {"A", "B"}
    for each in (*before.values(), *after.values()):
        del each["updated_at"], each["version"]
    assert after == before
    assert changes(tenant, after["A"])[-1]["attributes"] == {
        "institution": "MIT",
        "hours": 2,
        "methods": ["x", "y"],
        "rank": "fellow",
    }
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 409
    assert counted(imported(HEADER + "C,Cy,,,,,,\n")) == {"created": 1}


def test_only_the_last_import_of_untouched_participants_is_reversed(tenant, cohort, imported):
    first, second = imported(TWO), imported(HEADER + "C,Cy,,,,,,\n")
    refused = tenant.api.post(f"{url_of(first)}/reversal")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_the_last")
    cy = people(tenant, cohort)["C"]
    tenant.api.patch(
        f"/v1/participants/{cy['id']}", json={"name": "Cyd"}, headers={"If-Match": f'"{cy["version"]}"'}
    )
    refused = tenant.api.post(f"{url_of(second)}/reversal")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "changed_since")


def test_a_reversal_spares_a_person_whom_another_cohort_needs(tenant, cohort, imported, finished):
    done = imported("id\nA\nB\n", mapping={"external_id": "id"})
    other = make_cohort(tenant.api)
    there = tenant.api.post(f"{other}/participants", json={"external_id": "A"}).get_json()
    tenant.api.post(f"{url_of(done)}/reversal")
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    assert people(tenant, cohort) == {}
    assert tenant.api.get(f"/v1/participants/{there['id']}").get_json()["external_id"] == "A"
    added = tenant.api.post(f"{other}/participants", json={"external_id": "B"}).get_json()
    assert added["membership_id"] != there["membership_id"]


def test_an_import_into_two_cohorts_shares_the_person_and_moves_both_versions(
    tenant, cohort, imported, finished
):
    imported(TWO)
    before = people(tenant, cohort)["A"]
    other = make_cohort(tenant.api)
    finished(tenant.api, send_file(tenant.api, other, HEADER + "A,Ada B,,,MIT,,,\n", mapping=MAPPING))
    after = people(tenant, cohort)["A"]
    assert (after["name"], after["version"]) == ("Ada B", before["version"] + 1)
    assert people(tenant, other)["A"]["membership_id"] == after["membership_id"]


def test_every_table_that_refers_to_a_membership_keeps_it_or_goes_with_it():
    referring = {
        (table.name, key.column_keys[-1])
        for table in METADATA.tables.values()
        for key in table.foreign_key_constraints
        if key.referred_table.name == "membership"
    }
    assert referring == {(table, name) for table, names in REFERS_TO_MEMBERSHIP.items() for name in names}


def test_nobody_who_is_in_a_group_is_taken_back(tenant, cohort, imported, database):
    done = imported(TWO)
    ada = people(tenant, cohort)["A"]
    group = (
        "INSERT INTO peer_group (tenant_id, id, cohort_id, name, state)"
        " VALUES (:tenant, :group, :cohort, 'One', 'formed')"
    )
    member = (
        "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
        " VALUES (:tenant, :group, :group, :participant, :membership)"
    )
    known = {"tenant": tenant.id, "group": new_id(), "cohort": ada["cohort_id"]}
    known |= {"participant": ada["id"], "membership": ada["membership_id"]}
    with database.tenant(tenant.id) as session:
        for statement in (group, member):
            session.execute(text(statement), known)
        session.commit()
    refused = tenant.api.post(f"{url_of(done)}/reversal")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "in_use")
    assert set(people(tenant, cohort)) == {"A", "B"}


def test_imports_are_undone_one_after_another(tenant, cohort, imported, finished):
    imports = [
        imported(TWO),
        imported(HEADER + "A,Ada B,,,,,,\nC,Cy,,,,,,\n"),
        imported(HEADER + "A,Ada C,,,Yale,,,\n"),
    ]
    for done in reversed(imports):
        assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
        assert finished(tenant.api, url_of(done))["state"] == "reversed"
    assert people(tenant, cohort) == {}


def test_a_mistaken_replacement_of_placed_people_is_undone(tenant, database, finished, proposed):
    ready = ready_to_match(tenant, database, people=12)
    cohort = f"/v1/cohorts/{ready.cohort_id}"
    run, _ = proposed(ready)
    assert tenant.api.post(f"{run}/acceptance").status_code == 201
    how = {"mapping": {"external_id": "id"}, "mode": "replace", "max_withdrawals": 20}
    before = {name: each["state"] for name, each in people(tenant, cohort).items()}
    assert "placed" in before.values()
    done = finished(tenant.api, send_file(tenant.api, cohort, "id\nNew\n", **how))
    assert done["counts"]["withdrawn"] == 12
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    assert {name: each["state"] for name, each in people(tenant, cohort).items()} == before


def test_who_was_withdrawn_on_purpose_stays_so_when_the_roster_comes_again(tenant, cohort, imported):
    imported(TWO)
    ada = people(tenant, cohort)["A"]
    told = {"state": "withdrawn", "reason": "asked to be left out"}
    url = f"/v1/participants/{ada['id']}"
    assert tenant.api.patch(url, json=told, headers={"If-Match": f'"{ada["version"]}"'}).status_code == 200
    assert counted(imported(TWO, mode="replace")) == {"unchanged": 2}
    assert people(tenant, cohort)["A"]["state"] == "withdrawn"


def test_the_levels_that_an_import_brought_go_with_it_unless_somebody_has_them(
    tenant, cohort, imported, finished
):
    attributes = f"/v1/programs/{tenant.api.get(cohort).get_json()['program_id']}/attributes"

    def places():
        return [level["key"] for each in tenant.api.get(attributes).get_json()["items"]
                if each["key"] == "institution" for level in each["levels"]]  # fmt: skip

    imported(TWO)
    before = places()
    done = imported(HEADER + "C,Cy,,,Foo,,,\nD,Di,,,Bar,,,\n")
    assert places() == [*before, "Foo", "Bar"]
    told = {"external_id": "E", "attributes": {"institution": "Bar"}}
    assert tenant.api.post(f"{cohort}/participants", json=told).status_code == 201
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    assert places() == [*before, "Bar"]


def test_who_is_given_another_address_by_a_roster_stays_known_by_all_of_before(
    tenant, cohort, imported, finished, superuser
):
    imported(TWO)
    read = "SELECT email, known_as FROM membership WHERE tenant_id = %s AND external_id = 'A'"
    assert superuser.execute(read, [tenant.id]).fetchone() == ("ada@example.org", [])
    done = imported(HEADER + "A,Ada,Office@example.org,0000-1,MIT,x;y,fellow,2\n")
    email, known = superuser.execute(read, [tenant.id]).fetchone()
    assert email == "Office@example.org"
    assert "ada@example.org" in known
    assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    email, known = superuser.execute(read, [tenant.id]).fetchone()
    assert email == "ada@example.org"
    assert "office@example.org" in known
