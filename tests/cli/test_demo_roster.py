import csv
import re
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.demo.roster import (
    CAREER_EVENT_COLUMNS,
    PRODUCT_COLUMNS,
    career_events_from_k_to_r,
    invented_outcomes,
    invented_roster,
    write_csv,
)
from tenants.cohorts.templates import template
from tenants.outcomes.identity import core_project_number
from tenants.outcomes.models import CAREER_EVENT_KINDS, PRODUCT_KINDS, VISIBILITIES

REAL = Path(__file__).parents[3] / "shared" / "data" / "k_to_r.csv"
TODAY = date(2026, 11, 1)
seeds = st.integers(0, 2**32)


@given(seed=seeds, people=st.integers(0, 80))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_invents_the_same_people_and_outcomes(seed: int, people: int) -> None:
    roster = invented_roster(people=people, seed=seed)
    assert len(roster) == people
    assert roster == invented_roster(people=people, seed=seed)
    assert invented_outcomes(roster, seed=seed, as_of=TODAY) == invented_outcomes(
        roster, seed=seed, as_of=TODAY
    )


def test_another_seed_invents_other_people() -> None:
    assert invented_roster(seed=1) != invented_roster(seed=2)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_every_value_is_a_level_of_the_template_or_its_attribute_is_open(seed: int) -> None:
    attributes = {attribute.key: attribute for attribute in template("nih_k_awardees").attributes}
    roster = invented_roster(people=60, seed=seed)
    known = attributes.keys() & roster[0].keys()
    assert len(known) == 10
    for key in known - {"institution"}:
        names = {name for level in attributes[key].levels for name in level.names}
        values = {value.casefold() for person in roster for value in person[key].split(";")}
        assert values <= names, key


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_a_condition_lies_in_the_area_of_the_same_row(seed: int) -> None:
    found = template("nih_k_awardees")
    areas = {level.key: level.label for level in found.attribute("problem_area").levels}
    area_of = {level.label: areas[level.parent or ""] for level in found.attribute("condition").levels}
    roster = invented_roster(people=60, seed=seed)
    assert all(area_of[person["condition"]] == person["problem_area"] for person in roster)


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_an_award_begins_in_its_first_fiscal_year(seed: int) -> None:
    for person in invented_roster(people=60, seed=seed):
        start = date.fromisoformat(person["k_start"])
        assert start.year + (start.month >= 10) == int(person["first_fiscal_year"])


def test_everybody_is_visibly_invented_and_occurs_once() -> None:
    roster = invented_roster()
    assert {person["invented"] for person in roster} == {"yes"}
    assert all(person["email"].endswith("@example.org") for person in roster)
    assert all(person["institution"].startswith("Invented ") for person in roster)
    assert len({person["external_id"] for person in roster}) == len({p["email"] for p in roster}) == 240


@pytest.mark.parametrize("seed", range(5))
def test_a_few_institutions_are_large_and_most_are_small(seed: int) -> None:
    sizes = sorted(Counter(person["institution"] for person in invented_roster(seed=seed)).values())
    assert 50 <= len(sizes) <= 60
    assert 8 <= sizes[-1] <= 14
    assert sizes[len(sizes) // 2] <= 4


def test_an_institution_lies_in_one_state() -> None:
    pairs = {(person["institution"], person["institution_state"]) for person in invented_roster()}
    assert len(pairs) == len({institution for institution, _ in pairs})


def test_a_roster_of_ten_thousand_can_be_invented() -> None:
    assert len({person["external_id"] for person in invented_roster(people=10_000)}) == 10_000


@given(seed=seeds, as_of=st.dates(date(2021, 1, 1), date(2032, 1, 1)))
@settings(max_examples=20, deadline=None)
def test_outcomes_are_rows_that_can_be_imported_and_lie_in_time(seed: int, as_of: date) -> None:
    roster = invented_roster(people=40, seed=seed)
    products, events = invented_outcomes(roster, seed=seed, as_of=as_of)
    begun = {person["external_id"] for person in roster if person["k_start"] < as_of.isoformat()}
    assert {event["external_id"] for event in events} == begun
    assert {product["external_id"] for product in products} <= begun
    assert {event["kind"] for event in events} <= set(CAREER_EVENT_KINDS)
    assert {product["kind"] for product in products} <= set(PRODUCT_KINDS)
    assert {product["visibility"] for product in products} <= set(VISIBILITIES)
    assert all(tuple(product) == PRODUCT_COLUMNS for product in products)
    assert all(tuple(event) == CAREER_EVENT_COLUMNS for event in events)
    assert all(row["date"] <= as_of.isoformat() for row in [*products, *events])


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_everybody_is_observed_once_from_the_k_award_on(seed: int) -> None:
    roster = invented_roster(people=40, seed=seed)
    as_of = date(2030, 1, 1)
    events = invented_outcomes(roster, seed=seed, as_of=as_of).career_events
    observed = {event["external_id"]: event for event in events if event["kind"] == "observation"}
    assert sum(event["kind"] == "observation" for event in events) == len(roster)
    for person in roster:
        window = observed[person["external_id"]]
        assert window["date"] == person["k_start"] < window["until"] <= as_of.isoformat()
        dates = [
            e["date"] for e in events if e["external_id"] == person["external_id"] and e["code"] == "R01"
        ]
        assert len(dates) <= 1
        assert all(day <= window["until"] for day in dates)


def test_some_major_awards_are_undated_and_some_are_older_than_the_k_award() -> None:
    events = invented_outcomes(invented_roster(people=1000), seed=1, as_of=TODAY).career_events
    major = [event for event in events if event["code"] == "R01"]
    undated = [event for event in major if not event["date"] and not event["before_first_k"]]
    older = [event for event in major if event["before_first_k"] == "yes"]
    assert 5 <= len(undated) <= 40
    assert 10 <= len(older) <= 50
    assert any(event["date"] for event in older)
    assert 50 <= len(major) - len(undated) - len(older) <= 250


def test_a_paper_of_two_people_has_one_doi_under_the_prefix_for_examples() -> None:
    products = invented_outcomes(invented_roster(), seed=1, as_of=TODAY).products
    papers = [product for product in products if product["doi"]]
    authors = Counter(product["doi"] for product in papers)
    assert all(re.fullmatch(r"10\.5555/invented\.\d+\.\d+", doi) for doi in authors)
    assert max(authors.values()) == 2
    assert all(product["kind"] == "manuscript" for product in papers)


def test_no_two_proposals_of_anybody_are_one() -> None:
    products = invented_outcomes(invented_roster(), seed=1, as_of=TODAY).products
    cores = [core_project_number(each["project_number"]) for each in products if each["project_number"]]
    assert len(cores) == len(set(cores)) > 100


def test_what_was_written_reads_back_the_same(tmp_path: Path) -> None:
    roster = invented_roster(people=20)
    write_csv(roster, tmp_path / "roster.csv")
    with (tmp_path / "roster.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == roster


def test_a_file_without_rows_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rows"):
        write_csv([], tmp_path / "empty.csv")
    assert not (tmp_path / "empty.csv").exists()


def _awardee(**known: str) -> dict[str, str]:
    return {
        "person_id": "7",
        "k_activity": "K23",
        "k_start": "2022-07-01",
        "k_first_fy": "2022",
        "k_first_fy_est": "2021",
        "r_activity": "",
        "r_start": "",
        "r01_equivalent_before_k": "False",
        "pi_link": "nih_pi_profile",
    } | known


def _events(tmp_path: Path, **known: str) -> list[dict[str, str]]:
    write_csv([_awardee(**known)], tmp_path / "k_to_r.csv")
    rows = list(career_events_from_k_to_r(tmp_path / "k_to_r.csv"))
    assert all(tuple(row) == CAREER_EVENT_COLUMNS and row["external_id"] == "7" for row in rows)
    return [{key: value for key, value in row.items() if value and key != "external_id"} for row in rows]


def test_an_awardee_without_a_major_award_is_observed_to_the_end_of_the_lists(tmp_path: Path) -> None:
    assert _events(tmp_path) == [
        {"kind": "observation", "date": "2022-07-01", "until": "2026-08-31", "sample": "complete"},
        {"kind": "award", "date": "2022-07-01", "code": "K23"},
    ]


def test_an_awardee_followed_by_name_alone_is_not_observed(tmp_path: Path) -> None:
    assert _events(tmp_path, pi_link="name_only") == [{"kind": "award", "date": "2022-07-01", "code": "K23"}]


@pytest.mark.parametrize(
    ("fiscal_year", "estimate", "sample"),
    [
        ("2022", "2021", "complete"),
        ("2021", "2022", "survivors"),
        ("", "2023", "complete"),
        ("", "", "survivors"),
    ],
)
def test_awardees_of_before_2022_are_survivors(
    tmp_path: Path, fiscal_year: str, estimate: str, sample: str
) -> None:
    first, *_ = _events(tmp_path, k_first_fy=fiscal_year, k_first_fy_est=estimate)
    assert first["sample"] == sample


def test_a_major_award_is_kept_with_its_date_or_without(tmp_path: Path) -> None:
    assert _events(tmp_path, r_activity="R35", r_start="2025-02-03")[-1] == {
        "kind": "award",
        "code": "R35",
        "date": "2025-02-03",
    }
    assert _events(tmp_path, r_activity="R35")[-1] == {"kind": "award", "code": "R35"}


def test_a_major_award_before_the_k_is_undated_and_marked(tmp_path: Path) -> None:
    marked = {"kind": "award", "code": "R01", "before_first_k": "yes"}
    assert marked in _events(tmp_path, r01_equivalent_before_k="True")


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "k_to_r.csv"
    write_csv([_awardee(), _awardee(k_first_fy="not a year")], path)
    assert len(list(islice(career_events_from_k_to_r(path), 2))) == 2


@pytest.mark.skipif(not REAL.exists(), reason="the data folder with k_to_r.csv is absent")
def test_the_events_of_the_real_awards_add_up() -> None:
    events = list(career_events_from_k_to_r(REAL))
    kinds = Counter(event["kind"] for event in events)
    major = [e for e in events if e["kind"] == "award" and not e["code"].startswith("K")]
    assert kinds == {"observation": 4492, "award": 5193 + 779 + 36}
    assert sum(event["before_first_k"] == "yes" for event in major) == 36
    assert sum(bool(event["date"]) for event in major) == 619
    assert all(e["date"] <= e["until"] for e in events if e["until"])


def test_a_year_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "k_to_r.csv"
    write_csv([_awardee(), _awardee(k_first_fy="soon")], path)
    with pytest.raises(ValueError, match="line 3: soon is no year"):
        list(career_events_from_k_to_r(path))
