"""What makes two records one, and that each thing is counted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.outcomes.identity import core_project_number, counted_once, identity_of
from tenants.outcomes.kinds import CAREER_EVENTS, OUTCOME_TYPES, PRODUCTS, RPPR, first_state, kind_in

CORES = st.from_regex(r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{6}", fullmatch=True)
SUFFIXES = st.from_regex(r"(-[0-9]{2}(A[1-2])?)?", fullmatch=True)
TITLES = ("On peers", "on  PEERS", "Amberbay")


def record(**told):
    return {
        "kind": "manuscript", "title": None, "date": None, "doi": None, "pmid": None, "project_number": None, **told
    }  # fmt: skip


RECORDS = st.lists(
    st.builds(
        record,
        kind=st.sampled_from(("manuscript", "proposal_submitted", "proposal_awarded", "award", "supplement")),
        title=st.sampled_from((None, *TITLES)),
        doi=st.sampled_from((None, None, "10.5555/a", "10.5555/b")),
        pmid=st.sampled_from((None, None, "1", "2")),
        project_number=st.sampled_from((None, "1R01ZZ000001-01", "5R01ZZ000001-03", "K23ZZ000002")),
    ),
    max_size=12,
)


def together(records, groups):
    """The groups without regard to order: of each the records, by their own identity."""
    return {frozenset(id(records[place]) for place in group) for group in groups}


@given(CORES, st.sampled_from(("", *"123456789")), SUFFIXES)
def test_all_applications_and_years_of_an_award_have_one_core(core, kind, suffix):
    assert core_project_number(f"{kind}{core}{suffix}") == core
    assert core_project_number(f"{kind} {core[:3].lower()} {core[3:]}{suffix} ") == core
    assert core_project_number(core) == core


@given(st.text(max_size=40))
def test_a_core_is_its_own_core(number):
    core = core_project_number(number)
    assert core_project_number(core) == core


@pytest.mark.parametrize(
    ("number", "core"),
    [("1R01HL123456-01A1", "R01HL123456"), ("3UL1TR001234-05S2", "UL1TR001234"), ("2045678", "2045678")],
)
def test_numbers_as_they_are_written(number, core):
    assert core_project_number(number) == core


@given(RECORDS, st.randoms(use_true_random=False))
def test_each_is_in_one_group_however_they_are_ordered(records, random):
    groups = counted_once(records)
    assert sorted(place for group in groups for place in group) == list(range(len(records)))
    shuffled = random.sample(records, len(records))
    assert together(shuffled, counted_once(shuffled)) == together(records, groups)


@given(RECORDS)
def test_two_that_share_an_identifier_are_never_counted_twice(records):
    where = {place: number for number, group in enumerate(counted_once(records)) for place in group}
    for one in range(len(records)):
        for other in range(one):
            if identity_of(records[one]) & identity_of(records[other]):
                assert where[one] == where[other]


@given(RECORDS)
def test_what_was_counted_once_stays_so(records):
    """Of each group one record that says all that it says, counted again, is a group of its own."""
    groups = counted_once(records)
    told = [frozenset().union(*(identity_of(records[place]) for place in group)) for group in groups]
    for one in range(len(told)):
        assert not any(told[one] & told[other] for other in range(one))
    assert counted_once([records[place] for group in groups for place in group]) == [
        [sum(map(len, groups[:number])) + place for place in range(len(group))]
        for number, group in enumerate(groups)
    ]


@given(st.permutations([{"doi": "10.5555/a"}, {"pmid": "1"}, {"doi": "10.5555/a", "pmid": "1"}] * 2))
def test_a_paper_that_six_members_tell_of_is_one(told):
    assert len(counted_once([record(title=f"Title {n}", **each) for n, each in enumerate(told)])) == 1


def test_a_title_alone_is_one_with_the_only_thing_that_has_it():
    alone, found = record(title="On peers"), record(title="on  Peers", doi="10.5555/a")
    another = record(title="On peers", doi="10.5555/b")
    assert counted_once([alone, found, alone]) == [[0, 1, 2]]
    assert counted_once([alone, found, another, alone]) == [[0, 3], [1], [2]]
    assert counted_once([alone, record(title="On peers", kind="talk")]) == [[0], [1]]
    assert counted_once([record(), record()]) == [[0], [1]]


def test_a_proposal_its_award_and_the_award_of_a_career_are_one_and_its_supplement_another():
    numbered = [
        record(kind="proposal_submitted", project_number="1R01ZZ000001-01"),
        record(kind="proposal_awarded", project_number="1R01ZZ000001-01A1"),
        {"kind": "award", "code": "R01", "project_number": "5R01ZZ000001-03"},
        record(kind="supplement", project_number="3R01ZZ000001-02S1"),
        record(kind="supplement", project_number="R01ZZ000001-02S1"),
        record(kind="supplement", project_number="3R01ZZ000001-03S1"),
        record(title="Acknowledges it", project_number="5R01ZZ000001-03"),
    ]
    assert counted_once(numbered) == [[0, 1, 2], [3, 4], [5], [6]]


def test_every_kind_has_its_places_and_they_are_places():
    for kind in (*PRODUCTS, *CAREER_EVENTS):
        assert kind.rppr is None or kind.rppr in RPPR
        assert kind.outcome_type is None or kind.outcome_type in OUTCOME_TYPES
        assert kind.description
    assert all(kind.rppr for kind in PRODUCTS)
    assert {kind.name for kind in CAREER_EVENTS if kind.rppr is None} == {"observation", "leave"}


def test_what_a_kind_says_is_a_state_of_it_and_leads_to_it():
    for kind in PRODUCTS:
        first = first_state(kind.name)
        assert first is None or (first in kind.states and kind_in(kind.name, first) == kind.name)
        for state in kind.states:
            into = next(each for each in PRODUCTS if each.name == kind_in(kind.name, state))
            assert state in into.states
