"""Separations from files, applied by real workers."""

from uuid import UUID

import pytest

from tenants.cohorts.imports.actions import MAPPED
from tests.factories.cohorts import counted, make_cohort, send_file, url_of
from tests.factories.matching import every
from tests.factories.participants import add_participants
from tests.factories.people import member_of

BOTH = {"external_id": "id", "apart_from": "apart from", "list": "list"}


@pytest.fixture
def people(tenant, cohort, database):
    """The participants P0 to P5 of the cohort; their ids."""
    return add_participants(database, tenant.id, cohort.rpartition("/")[2], [{}] * 6)


@pytest.fixture
def send(tenant, cohort, people, finished):
    """Import rows of three cells and wait for the end."""

    def run(*rows, mapping=BOTH, **how):
        file = "id,apart from,list\n" + "".join(f"{row}\n" for row in rows)
        done = finished(
            tenant.api, send_file(tenant.api, cohort, file, mapping=mapping, kind="separations", **how)
        )
        assert done["state"] in ("succeeded", "needs_confirmation"), done
        return done

    return run


@pytest.fixture
def apart(tenant, cohort):
    """Who is kept apart, by external ids, with the source."""

    def shown():
        return sorted(
            (" ".join(sorted(person["external_id"] for person in each["participants"])), each["source"])
            for each in every(tenant.api, f"{cohort}/separations")
        )

    return shown


def roster(*sets):
    return [(each, "roster") for each in sets]


def failed(tenant, done):
    rows = every(tenant.api, f"{url_of(done)}/rows?outcome=failed")
    return [(row["line"], row["column"], row["code"]) for row in rows]


def test_a_row_keeps_somebody_apart_from_each_whom_it_names(send, apart):
    done = send("P0,P1;P2,", "P1,P0,", "P3,P4|P5,")
    assert counted(done) == {"created": 3}
    assert apart() == roster("P0 P1", "P0 P2", "P3 P4", "P3 P5")


def test_rows_that_share_a_name_are_one_list(send, apart):
    assert counted(send("P0,,lab", "P1,,lab", "P2,,lab", "P0,P5,", "P3,P5,ward", "P4,,ward")) == {
        "created": 6
    }
    assert apart() == roster("P0 P1 P2", "P0 P5", "P3 P4", "P3 P5")


@pytest.mark.parametrize("column", ["apart_from", "list"])
def test_either_column_is_enough(send, apart, column):
    mapping = {name: BOTH[name] for name in ("external_id", column)}
    send("P0,P1,x", "P1,,x", mapping=mapping)
    assert apart() == roster("P0 P1")


def test_a_repeated_import_changes_nothing(tenant, cohort, send):
    rows = ("P0,P1;P2,", "P3,,lab", "P4,,lab")
    send(*rows)
    before = every(tenant.api, f"{cohort}/separations")
    assert counted(send(*rows)) == {"unchanged": 3}
    assert counted(send(*rows, mode="skip")) == {"skipped": 3}
    assert counted(send(*rows, mode="replace")) == {"unchanged": 3}
    assert every(tenant.api, f"{cohort}/separations") == before


def test_a_row_that_cannot_be_used_is_reported_with_its_column_and_the_rest_is_applied(
    tenant, database, send, apart
):
    other = make_cohort(tenant.api)
    add_participants(database, tenant.id, other.rpartition("/")[2], [{}], prefix="Q")
    done = send(
        "P0,P1,",
        "X,P1,",
        "P2,P3;X;Q0,",
        ",P1,",
        "P4,,",
        "P4,P5;P4,",
        "P5,,alone",
        "P1,,shrunk",
        "X,,shrunk",
    )
    assert counted(done) == {"created": 1, "failed": 8}
    assert failed(tenant, done) == [
        (3, "id", "unknown_person"),
        (4, "apart from", "unknown_person"),
        (5, "id", "required"),
        (6, "apart from", "required"),
        (7, "apart from", "oneself"),
        (8, "list", "list_of_one"),
        (9, "list", "list_of_one"),
        (10, "id", "unknown_person"),
    ]
    assert apart() == roster("P0 P1")


def test_a_list_of_more_than_two_hundred_is_refused(tenant, cohort, database, send, apart):
    add_participants(database, tenant.id, cohort.rpartition("/")[2], [{}] * 201, prefix="L")
    done = send(*(f"L{n},,all" for n in range(201)))
    assert counted(done) == {"failed": 201}
    assert {row[1:] for row in failed(tenant, done)} == {("list", "too_many")}
    assert apart() == []


def test_a_dry_run_counts_and_applies_nothing(tenant, send, apart):
    send("P0,P1,")
    done = send("P1,P2,", "P3,X,", "P1,P0,", dry_run=True)
    assert counted(done) == {"created": 1, "unchanged": 1, "failed": 1}
    rows = every(tenant.api, f"{url_of(done)}/rows")
    assert [row["subject_id"] is None for row in rows] == [True, True, False]
    assert counted(send("P1,P2,", mode="replace", dry_run=True)) == {"created": 1, "withdrawn": 1}
    assert apart() == roster("P0 P1")


def test_a_replacement_asks_before_it_removes_and_spares_what_admins_said(
    tenant, cohort, people, send, apart, finished
):
    send("P0,P1;P2,")
    tenant.api.post(f"{cohort}/separations", json={"participants": people[3:5]})
    done = send("P0,P1,", mode="replace")
    assert (done["state"], counted(done)) == ("needs_confirmation", {"unchanged": 1, "withdrawn": 1})
    assert apart() == [("P0 P1", "roster"), ("P0 P2", "roster"), ("P3 P4", "admin")]
    assert tenant.api.post(f"{url_of(done)}/confirmation").status_code == 202
    assert finished(tenant.api, url_of(done))["state"] == "succeeded"
    assert apart() == [("P0 P1", "roster"), ("P3 P4", "admin")]
    send("P1,P2,", mode="replace", max_withdrawals=1)
    assert apart() == [("P1 P2", "roster"), ("P3 P4", "admin")]


def test_whoever_stands_in_a_row_that_cannot_be_used_does_not_pass_for_absent(send, apart):
    send("P0,P1,", "P0,P2,")
    done = send("P0,P1,", "P0,P2x,", mode="replace", max_withdrawals=10)
    assert done["state"] == "needs_confirmation"
    assert apart() == roster("P0 P1", "P0 P2")


def test_what_an_admin_said_stays_the_admins_when_a_file_says_it_too(tenant, cohort, people, send, apart):
    for some in (people[:2], people[2:5]):
        tenant.api.post(f"{cohort}/separations", json={"participants": some})
    done = send("P1,P0,", "P4,,lab", "P2,,lab", "P3,,lab", mode="replace")
    assert counted(done) == {"unchanged": 4}
    assert apart() == [("P0 P1", "admin"), ("P2 P3 P4", "admin")]


def test_a_reversal_takes_back_what_was_brought_and_restores_what_was_removed(
    tenant, cohort, send, apart, finished
):
    first = send("P0,P1;P2,", "P3,,lab", "P4,,lab")
    before = every(tenant.api, f"{cohort}/separations")
    second = send("P0,P1,", "P4,P5,", mode="replace", max_withdrawals=2)
    assert counted(second) == {"created": 1, "unchanged": 1, "withdrawn": 2}
    assert apart() == roster("P0 P1", "P4 P5")
    refused = tenant.api.post(f"{url_of(first)}/reversal")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_the_last")
    for done, left in ((second, before), (first, [])):
        assert tenant.api.post(f"{url_of(done)}/reversal").status_code == 202
        assert finished(tenant.api, url_of(done))["state"] == "reversed"
        assert every(tenant.api, f"{cohort}/separations") == left


def test_a_file_neither_finds_nor_removes_a_persons_wish(app, tenant, people, send, apart):
    author = tenant.api.get(f"/v1/participants/{people[0]}").get_json()["membership_id"]
    member = member_of(app, tenant.id, membership_id=UUID(author), own_client=True)
    url = f"/v1/me/applications/{people[0]}/separations"
    written = member.api.put(url, json={"names": ["P1"]}).get_json()
    assert counted(send("P0,P1,")) == {"created": 1}
    assert counted(send("P2,P3,", mode="replace", max_withdrawals=1)) == {"created": 1, "withdrawn": 1}
    assert apart() == roster("P2 P3")
    assert member.api.get(url).get_json() == written == {"names": ["P1"]}


def test_a_file_of_separations_must_say_from_whom(tenant, cohort):
    for mapping, pointer in (
        ({"external_id": "id"}, "/mapping/apart_from"),
        ({**BOTH, "name": "name"}, "/mapping/name"),
    ):
        answer = tenant.api.post(f"{cohort}/imports", json={"kind": "separations", "mapping": mapping})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert MAPPED["separations"] == BOTH.keys() - {"external_id"}


def test_who_may_not_change_separations_may_not_import_them_either(new_tenant):
    weak = new_tenant(scopes=["programs:read", "programs:write", "participants:read", "participants:write"])
    answer = weak.api.post(f"{make_cohort(weak.api)}/imports", json={"kind": "separations", "mapping": BOTH})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "insufficient_scope")
    assert "matching:write" in answer.get_json()["detail"]
