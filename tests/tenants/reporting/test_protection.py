"""What leaves a tenant, whatever the table."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.reporting.disclosure import Cell
from tenants.reporting.protection import shown
from tenants.reporting.survival import kaplan_meier
from tenants.reporting.tables import FOLLOWED, Breakdown, TimeToEvent, people_breakdown

PEOPLE_BEHIND = st.lists(st.frozensets(st.integers(0, 40), max_size=41), min_size=1, max_size=6)


def few(number):
    return number is not None and 1 <= number <= 10


@given(kinds=PEOPLE_BEHIND, more=st.lists(st.integers(0, 30), min_size=6, max_size=6))
def test_no_number_from_one_to_ten_leaves_nor_follows_by_subtraction(kinds, more):
    cells = tuple(
        Cell(str(place), len(people) and len(people) + more[place], len(people))
        for place, people in enumerate(kinds)
    )
    everybody = len(frozenset().union(*kinds))
    total = Cell("total", sum(cell.count for cell in cells), everybody)
    found = shown({"table": Breakdown(cells, total, population=41)}, audience="funder")["table"]
    counts = [cell["count"] for cell in found["cells"]]
    people = [cell["n"] for cell in found["cells"]]
    assert not any(map(few, (*counts, *people, found["total"]["count"], found["total"]["n"])))
    if found["total"]["count"] is not None:
        assert not few(found["total"]["count"] - sum(count or 0 for count in counts))
    for number in (*people, found["total"]["n"]):
        assert number is None or not few(41 - number)
    if found["total"]["n"] is not None:
        assert not any(few(found["total"]["n"] - number) for number in people if number is not None)
        if None not in people:
            assert not few(sum(people) - found["total"]["n"])


def test_the_few_behind_two_kinds_cannot_be_worked_out():
    cells = (Cell("manuscript", 25, 25), Cell("dataset", 20, 20))
    of_forty = Breakdown(cells, Cell("total", 45, 40), population=100)  # so five are behind both
    assert shown({"by_kind": of_forty}, audience="funder")["by_kind"]["total"] == {"count": 45, "n": None}


def test_few_groups_are_not_shown_however_many_people_are_in_them():
    table = Breakdown((Cell("5", 3, 15), Cell("6", 40, 240)), Cell("total", 43, 255))
    found = shown({"by_size": table}, audience="public")["by_size"]
    assert [cell["count"] for cell in found["cells"]] == [None, None]
    assert shown({"by_size": table}, audience="internal")["by_size"]["cells"][0]["count"] == 3


def test_a_table_leaves_in_its_coarser_form():
    coarse = Breakdown((Cell("5-7", 43, 255),), Cell("total", 43, 255))
    table = Breakdown((Cell("5", 21, 105), Cell("6", 22, 150)), Cell("total", 43, 255), outward=coarse)
    assert shown({"by_size": table}, audience="funder")["by_size"]["cells"] == [{"label": "5-7", "count": 43}]


def test_nothing_of_a_table_leaves_where_few_are_missing_from_it():
    def released(missing, audience="funder"):
        answers = people_breakdown(("yes", "no"), {"yes": 30, "no": 20})
        table = Breakdown(answers.cells, answers.total, among=50 + missing)
        found = shown({"parent": table}, audience=audience)["parent"]
        return [cell["count"] for cell in found["cells"]], found["total"]["count"]

    for few_missing in (1, 10):
        assert released(few_missing) == ([None, None], None)
    for missing in (0, 11):
        assert released(missing) == ([30, 20], 50)
    assert released(1, "internal") == ([30, 20], 50)


def curve_of(followed, apart):
    times = [1 + place % 5 for place in range(followed)]
    curve = kaplan_meier(
        entry=[0.0] * followed, exit=times, event=[place % 2 == 0 for place in range(followed)]
    )
    return {"curve": TimeToEvent(people_breakdown((FOLLOWED, *apart), {FOLLOWED: followed, **apart}), curve)}


def test_a_curve_does_not_leave_where_its_counts_would_give_away_who_is_apart():
    few_apart = shown(curve_of(200, {"undated": 4}), audience="funder")
    assert few_apart["people"]["cells"][0]["count"] is None
    assert few_apart["curve"] == {"start": None, "at_risk": None, "median": None, "intervals": []}
    many_apart = shown(curve_of(200, {"undated": 40}), audience="funder")
    assert many_apart["people"]["cells"][0]["count"] == 200
    assert many_apart["curve"]["at_risk"] == 200
    assert shown(curve_of(200, {"undated": 4}), audience="internal")["curve"]["n"] == 200
