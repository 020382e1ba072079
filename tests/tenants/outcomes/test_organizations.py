"""Which organization a printed name means."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.ror import LABELLED, by_key, rows_resolved, tally
from tenants.outcomes.organizations.aliases import ALIASES
from tenants.outcomes.organizations.choosing import MOST_KEYS, Organization, Place, candidates, keys_asked
from tenants.outcomes.organizations.loading import NotTheRegistry, load, organizations
from tenants.outcomes.organizations.naming import key_of, keys_of
from tenants.outcomes.organizations.queries import candidates_for, resolved

REAL = Path(__file__).parents[3].parent / "shared" / "data"


def one(id_, name, city=None, country="US", *others, region=None):
    return Organization(id_, name, keys_of(name, list(others)), city, region, country)


KNOWN = [
    one("northport", "University of Northport", "Northport"),
    one("northport-college", "Northport University", "Northport", "GB"),
    one("amberbay", "University of Amberbay, Harbour", "Harbour", "US", "University of Amberbay at Harbour"),
    one("general-us", "General Hospital", "Northport"),
    one("general-gb", "General Hospital", "Leeds", "GB"),
    one("mercy-a", "Mercy Hospital", "Harbour", region="IV"),
    one("mercy-b", "Mercy Hospital", "Portland", region="ME"),
    one("washu", "Washington University in St. Louis", "St Louis"),
    one("uw", "University of Washington", "Seattle"),
    one("physics", "Institute of Physics", "London", "GB"),
]


def chosen(printed, place=Place()):  # noqa: B008 - it does not change
    return next((each.organization.id for each in candidates(printed, KNOWN, place) if each.chosen), None)


@pytest.mark.parametrize(
    ("printed", "id_"),
    [
        ("UNIV OF NORTHPORT SCH OF MED", "northport"),
        ("UNIVERSITY OF NORTHPORT AT NORTHPORT", "northport"),
        ("The University of Northport (Northport, IV)", "northport"),
        ("Northport Univ.", "northport-college"),
        ("Department of Things, Univ. of Northport, Northport, USA", "northport"),
        ("Department of Things, University of Northport, Leeds, UK", None),
        ("University of Amberbay, Harbour", "amberbay"),
        ("Dept. of Surgery, General Hospital, Leeds, United Kingdom", "general-gb"),
        ("General Hospital", None),
        ("WASHINGTON UNIVERSITY", "washu"),
        ("University of Washington", "uw"),
        ("Institute of Physics, University of Northport, USA", "northport"),
        ("Institute of Physics, Prague, Czech Republic", None),
        ("Somewhere Else", None),
        ("", None),
    ],
)
def test_a_name_means_the_one_that_is_called_so_or_none(printed, id_):
    assert chosen(printed) == id_


def test_the_place_tells_two_of_one_name_apart():
    assert chosen("MERCY HOSPITAL") is None
    assert chosen("MERCY HOSPITAL", Place(city="PORTLAND")) == "mercy-b"
    assert chosen("MERCY HOSPITAL", Place(region="IV")) == "mercy-a"
    assert chosen("GENERAL HOSPITAL", Place(country_code="GB")) == "general-gb"
    both = candidates("Mercy Hospital", KNOWN)
    assert [(each.organization.id, each.score, each.chosen) for each in both] == [
        ("mercy-a", 0.25, False), ("mercy-b", 0.25, False),
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_any_text_has_a_bounded_number_of_plain_keys_and_means_at_most_one(printed):
    keys = keys_asked(printed)
    assert len(keys) <= MOST_KEYS
    assert all(key and key == " ".join(key.split()) == key.casefold() for key in keys)
    assert sum(each.chosen for each in candidates(printed, KNOWN)) <= 1


def test_a_key_of_a_key_is_itself_and_aliases_are_no_chains():
    for said, called in ALIASES.items():
        assert (key_of(said), key_of(called)) == (said, called)
        assert called not in ALIASES


RECORD = {
    "id": "https://ror.org/00invented",
    "status": "active",
    "names": [
        {"value": "Invented Institute", "types": ["ror_display", "label"]},
        {"value": "INV", "types": ["acronym"]},
        {"value": "Institut inventé", "types": ["alias"]},
    ],
    "locations": [
        {"geonames_details": {"name": "Invented", "country_code": "US", "country_subdivision_code": "IV"}}
    ],
}


def test_the_registry_is_loaded_anew_and_asked_by_its_names(database, tmp_path, new_tenant):
    gone = {**RECORD, "id": "https://ror.org/00gone", "status": "withdrawn"}
    plain, archive = tmp_path / "v2.json", tmp_path / "ror.zip"
    plain.write_text(json.dumps([{**RECORD, "id": "https://ror.org/00old"}]))
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("v2.0-2026-ror-data.json", json.dumps([RECORD, gone]))
    assert [load(database, each) for each in (plain, archive)] == [1, 1]
    with database.tenant(new_tenant().id) as session:
        [found] = candidates_for(session, printed="INSTITUT INVENTÉ")
        assert (found.organization.id, found.chosen, found.organization.region) == (RECORD["id"], True, "IV")
        session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        by_keys = "EXPLAIN SELECT id FROM registered_organization WHERE keys && ARRAY['invented institute']"
        plan = session.connection().exec_driver_sql(by_keys).scalars()
        assert any("ix_registered_organization_keys" in line for line in plan)
        assert resolved(session, printed=["Invented Inst", "INV"]) == {"Invented Inst": RECORD["id"]}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[1]", b"\xff", b'[{"status": "active"}]'])
def test_what_is_not_the_registry_changes_nothing(database, tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(NotTheRegistry):
        load(database, tmp_path / "x.json")


def test_the_registry_is_read_from_a_table_too(tmp_path):
    head = "ror_id,name,aliases,city,admin1,country_code,status\n"
    (tmp_path / "x.csv.gz").write_bytes(
        gzip.compress(f"{head}r1,Invented Institute,INV|Inst. of Invention,X,IV,US,active\n".encode())
    )
    [row] = organizations(tmp_path / "x.csv.gz")
    assert row == ("r1", "Invented Institute", "X", "IV", "US", ["institute invention", "invented institute"])


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="ROR's records and labelled cases are not on this machine")
def test_labelled_names_are_resolved_rightly_and_so_are_most_of_nihs():
    known = by_key(REAL)
    told = [tally(REAL, name, known) for name in LABELLED]
    assert [each.precision >= least for each, least in zip(told, (0.95, 0.965, 0.965), strict=True)] == [
        True
    ] * 3
    assert [each.recall_of_known >= least for each, least in zip(told, (0.8, 0.68, 0.8), strict=True)] == [
        True
    ] * 3
    assert rows_resolved(REAL, known, with_place=False) >= 0.9
