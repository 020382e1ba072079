import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.reporting.audit.auditing import audit
from tenants.reporting.suppression.hiding import Problem, hidden_cells
from tenants.reporting.suppression.linear import Attack, Cover, View
from tenants.reporting.suppression.model import (
    Dimension,
    ImpossibleTables,
    Printed,
    Release,
    Table,
    flat,
    key_of,
    release_from,
)
from tenants.reporting.suppression.needs import Known, OwnNeeds, primary, public_view
from tenants.reporting.suppression.protecting import protect
from tenants.reporting.suppression.system import System, system_of
from tests.tenants.reporting.histories import (
    inner_keys,
    plain_table,
    random_counts,
    random_history,
)
from tests.tenants.reporting.optimum import Optimum

TOGETHER = 1.2


def released(table, counts, **more):
    return protect((table,), counts, **{"as_of": "2026-01-01", "snapshot": "1", **more})


def shown(release):
    return {key: release.shown(key) for key in release.cells if release.shown(key) is not None}


def row(*counts):
    """A table of one dimension and its counts."""
    table = Table("row", (flat("place", [f"p{i}" for i in range(len(counts))]),))
    return table, {key_of({"place": f"p{i}"}): count for i, count in enumerate(counts)}


def values_of(release):
    return [printed.value for printed in release.cells.values()]


def test_a_single_small_count_takes_the_smallest_other_with_it():
    table, counts = row(4, 30, 50, 0)
    assert values_of(released(table, counts)) == [84, None, None, 50, 0]


def test_small_counts_that_protect_one_another_need_no_more():
    table, counts = row(6, 8, 50, 0)
    assert values_of(released(table, counts)) == [64, None, None, 50, 0]


def test_a_release_that_told_nothing_is_nothing_to_be_held_against():
    table, counts = row(40, 30, 50, 0)
    silent = Release("2025-01-01", "0", 10, (), {key_of({}): Printed(100, "2024-01-01")})
    assert values_of(released(table, counts, ledger=(silent,))) == [120, 40, 30, 50, 0]
    assert audit(released(table, counts).document(), [silent.document()], exact=counts).unsafe == ()


def test_equal_cells_of_two_tables_are_one():
    place, sex = flat("place", ["a", "b"]), flat("sex", ["f", "m"])
    tables = (Table("one", (place, sex)), Table("two", (sex,)))
    counts = {
        key_of({"place": p, "sex": s}): n
        for (p, s), n in zip(product("ab", "fm"), (3, 40, 50, 60), strict=True)
    }
    release = protect(tables, counts, as_of="2026-01-01", snapshot="1")
    assert len(release.cells) == 9
    with pytest.raises(ImpossibleTables):
        protect(tables, {**counts, key_of({"sex": "f"}): 54}, as_of="2026-01-01", snapshot="1")


def test_a_number_that_is_printed_nowhere_may_not_be_worked_out_either():
    table = Table("t", (flat("place", ["a", "b", "c"], total=False), flat("sex", ["f", "m"])))
    counts = dict(zip(inner_keys(table), (20, 30, 3, 4, 0, 40), strict=True))
    release = released(table, counts)
    assert key_of({"sex": "f"}) not in release.cells
    assert release.cells[key_of({"place": "b", "sex": "f"})] == Printed()
    assert not audit(release.document(), exact=counts).unsafe


@pytest.mark.parametrize("within", [(), (("reported", "yes"),)])
@pytest.mark.parametrize("counts", [(20, 0, 0), (0, 13, 5), (14, 15, 0), (0, 0, 0)])
def test_none_and_all_of_something_sensitive_are_not_told(counts, within):
    illness = flat("illness", ["x", "y", "z"], sensitive=True)
    table = Table("t", (flat("place", ["a", "b"]), illness), within)
    keys = [tuple(sorted({*key, *within})) for key in inner_keys(table)]
    exact = dict(zip(keys, (*counts, 30, 40, 50), strict=True))
    release = released(table, exact)
    found = audit(release.document(), exact=exact)
    assert not found.unsafe
    for key, count in exact.items():
        whole = sum(counts) if ("place", "a") in key else 120
        if whole and count in (0, whole):
            assert release.cells[key].value is None


def test_the_change_of_a_shown_number_by_few_is_frozen_and_a_large_one_shown():
    table, counts = row(40, 50, 60)
    first = released(table, counts)
    few = {**counts, key_of({"place": "p0"}): 43, key_of({"place": "p1"}): 90}
    second = released(table, few, as_of="2027-01-01", snapshot="2", ledger=(first,))
    assert second.cells[key_of({"place": "p0"})] == Printed(40, "2026-01-01", frozen=True)
    assert not audit(second.document(), [first.document()], exact=few, exact_before={0: counts}).unsafe
    many = {key: count + 20 for key, count in counts.items()}
    third = released(table, many, as_of="2027-01-01", snapshot="3", ledger=(first,))
    assert values_of(third) == [210, 60, 70, 80]


def test_a_person_who_withdraws_leaves_no_trace():
    table, counts = row(40, 50, 60)
    first = released(table, counts)
    without = {**counts, key_of({"place": "p2"}): 59}
    second = released(table, without, snapshot="2", ledger=(first,))
    assert second.cells[key_of({"place": "p2"})] == Printed(60, "2026-01-01", frozen=True)
    assert second.cells[()] == Printed(150, "2026-01-01", frozen=True) or second.shown(()) is None


def test_what_was_shown_of_the_same_rows_binds_later_tables():
    table, counts = (
        plain_table((3, 3)),
        dict(zip(inner_keys(plain_table((3, 3))), range(20, 29), strict=True)),
    )
    first = released(table, counts)
    assert None not in values_of(first)
    finer = Table("finer", (*table.dimensions, flat("sex", ["f", "m"])))
    exact = {
        key_of({**dict(key), "sex": sex}): part
        for key, count in counts.items()
        for sex, part in (("f", 5), ("m", count - 5))
    }
    second = released(finer, exact, ledger=(first,))
    assert shown(second).items() >= shown(first).items()
    assert not audit(second.document(), [first.document()], exact=exact).unsafe
    with pytest.raises(ImpossibleTables):
        released(table, {**counts, inner_keys(table)[0]: 25}, ledger=(first,))


def test_what_is_left_without_any_one_institution_is_not_small():
    place = flat("place", ["a", "b", "c"])
    table = Table("pooled", (place,))
    parts = {
        "north": {key_of({"place": "a"}): 25, key_of({"place": "b"}): 15, key_of({"place": "c"}): 20},
        "south": {key_of({"place": "a"}): 4, key_of({"place": "b"}): 25, key_of({"place": "c"}): 30},
        "west": {key_of({"place": "b"}): 22, key_of({"place": "c"}): 21},
    }
    counts = {key: sum(part.get(key, 0) for part in parts.values()) for key in parts["north"]}
    alone = released(table, counts)
    assert None not in values_of(alone)
    assert {each.knower for each in audit(alone.document(), exact=counts, parts=parts).unsafe} == {"north"}
    pooled = released(table, counts, contributions=parts)
    assert pooled.cells[key_of({"place": "a"})].value is None
    assert not audit(pooled.document(), exact=counts, parts=parts).unsafe


def test_a_rest_that_changes_by_few_stands_still():
    table = Table("pooled", (flat("place", ["a", "b"]),))
    a, b = key_of({"place": "a"}), key_of({"place": "b"})
    parts = {name: {a: 30, b: 30} for name in ("north", "south", "west")}
    counts = {a: 90, b: 90}
    first = released(table, counts, contributions=parts)
    later_parts = {**parts, "north": {a: 45, b: 60}, "south": {a: 35, b: 60}}
    later = {a: 110, b: 150}
    more = {"as_of": "2027-01-01", "snapshot": "2", "ledger": (first,), "contributions": later_parts}
    before = {name: {"1": part} for name, part in parts.items()}
    attack = {"exact": later, "exact_before": {0: counts}, "parts": later_parts}
    attack["parts_before"] = {name: {0: part} for name, part in parts.items()}
    unaware = released(table, later, **more)
    assert unaware.shown(a) == 110
    assert {each.knower for each in audit(unaware.document(), [first.document()], **attack).unsafe} == {
        "north"
    }
    release = released(table, later, **more, contributions_before=before)
    assert release.cells[a] == Printed(90, "2026-01-01", frozen=True)
    assert not audit(release.document(), [first.document()], **attack).unsafe


def test_institutions_as_rows_know_their_own_row():
    table = Table("t", (flat("holder", ["north", "south", "west"], holders=True), flat("sex", ["f", "m"])))
    exact = dict(zip(inner_keys(table), (30, 3, 40, 5, 50, 60), strict=True))
    parts = {
        holder: {key: count for key, count in exact.items() if ("holder", holder) in key}
        for holder in ("north", "south", "west")
    }
    assert audit(released(table, exact).document(), exact=exact, parts=parts).unsafe
    release = released(table, exact, contributions=parts)
    assert not audit(release.document(), exact=exact, parts=parts).unsafe


@pytest.mark.parametrize("seed", range(2))
def test_the_same_input_gives_the_same_bytes(seed):
    history = random_history(seed)
    counts = history.counts[0]
    turned = dict(reversed(counts.items()))
    one, other = (json.dumps(released(history.table, each).document()) for each in (counts, turned))
    assert one == other
    assert release_from(json.loads(one)).document() == json.loads(one)


def test_impossible_tables_are_refused():
    with pytest.raises(ImpossibleTables):
        flat("place", ["a", "a"])
    with pytest.raises(ImpossibleTables):
        Dimension("place", (("a", "north"), ("north", None)))
    table, counts = row(20, 30)
    with pytest.raises(ImpossibleTables):
        released(table, {**counts, key_of({"place": "p0"}): -1})
    with pytest.raises(ImpossibleTables):
        released(table, counts, contributions={"north": {key_of({"place": "p0"}): 21}})
    with pytest.raises(ValueError, match="threshold"):
        released(table, counts, threshold=5)


def test_people_are_whole():
    """x + y, y + z are known and x + z is known within one person: x can move by half a person, or not at all."""
    sums = ((3, (0, 1)), (4, (1, 2)), (5, (0, 2)))
    keys = tuple(key_of({"cell": name}) for name in ("x", "y", "z", "xy", "yz", "xz"))
    none = np.zeros(6, dtype=bool)
    matrix = System(keys, sums, ~none, none, none, none).matrix
    values = np.array([3, 3, 3, 6, 6, 6])
    floor = np.array([1.0, 1, 1, 1, 1, 5])
    view = View(floor, none, low=values - np.array([0.5, 0, 0, 0, 0, 0]), high=values.astype(float))
    hidden = np.array([True, True, True, False, False, True])
    attack = Attack(matrix, values, view, hidden, 100.0)
    assert attack.alone(0, -1)
    attack = Attack(matrix, values, view, hidden, 100.0)
    attack.whole = True
    assert not attack.alone(0, -1)
    move = Cover(matrix, values, 100.0).cheapest_whole(view, 0, -1.0, np.where(hidden, 0.0, 1.0))
    assert move is not None
    assert move[3] + move[4] in (-1, 1)


def test_of_a_table_that_leaves_a_count_no_room_nothing_new_is_told_and_all_of_the_others():
    """All but two are one institution's, and how many there are together was told before."""
    places, counts = row(17, 17)
    first = released(places, counts)
    kinds = Table("kinds", (flat("kind", ["x", "y"]),))
    other = Table("other", (flat("c", ["r", "s"]),), key_of({"unit": "groups"}))
    groups = {key_of({"unit": "groups", "c": code}): number for code, number in (("r", 12), ("s", 14))}
    counts |= {key_of({"kind": "x"}): 22, key_of({"kind": "y"}): 12, **groups}
    most = {key_of({"kind": "x"}): 20, key_of({"kind": "y"}): 12, **row(17, 15)[1]}
    parts = {"most": most, "rest": {key_of({"kind": "x"}): 2, **row(0, 2)[1]}}
    known = {"as_of": "2026-01-01", "snapshot": "1", "contributions": parts}
    second = protect((kinds, other), counts, ledger=(first,), **known)
    assert second.tables == (other,)
    assert shown(second) == {(): 34, **groups, key_of({"unit": "groups"}): 26}
    assert second.cells[key_of({"kind": "x"})] == Printed()
    assert not audit(second.document(), [first.document()], exact=counts).unsafe
    third = protect((kinds, other), counts, ledger=(first, second), **known)
    assert shown(third) == shown(second)


def test_of_cells_that_would_do_as_well_those_that_nobody_is_told_are_hidden():
    kind, agreed = flat("kind", ["a", "b"]), flat("agreed", ["yes", "no"])
    numbers = {("a", "yes"): 18, ("a", "no"): 2, ("b", "yes"): 200, ("b", "no"): 22}
    counts = {key_of({"kind": k, "agreed": a}): n for (k, a), n in numbers.items()}
    release = released(Table("told", (kind, agreed)), counts, dear=[("agreed", "yes")])
    told = {key: value for key, value in shown(release).items() if ("agreed", "yes") in key}
    assert sorted(told.values()) == [18, 200, 218]
    assert audit(release.document(), exact=counts).unsafe == ()


@st.composite
def small_tables(draw):
    shape = draw(st.sampled_from([(3,), (2, 3), (4, 3), (2, 2, 2)]))
    table = plain_table(shape)
    number = st.one_of(st.integers(0, 12), st.integers(11, 200))
    return table, {key: draw(number) for key in inner_keys(table)}


@settings(max_examples=8, deadline=None)
@given(small_tables(), st.integers(10, 30))
def test_shown_numbers_are_exact_add_up_and_are_none_of_the_small_ones(drawn, threshold):
    table, counts = drawn
    release = released(table, counts, threshold=threshold)
    system = system_of((table,))
    exact = dict(zip(system.keys, system.values(counts).tolist(), strict=True))
    numbers = shown(release)
    assert all(exact[key] == value for key, value in numbers.items())
    assert not any(1 <= value <= threshold for value in numbers.values())
    assert all(numbers[key] == 0 for key, value in exact.items() if value == 0)
    hidden = {key for key in exact if key not in numbers}
    assert hidden >= {key for key, value in exact.items() if 1 <= value <= 10}
    assert not audit(release.document(), exact=counts, ends=False).unsafe


SHAPES = [((4, 4), 2), ((5, 5), 1), ((6, 6), 1), ((8, 6), 1)]


def compared(shape, seed):
    """How many complementary cells are hidden, and how few would do."""
    table = plain_table(shape)
    counts = random_counts(table, np.random.default_rng([seed, *shape]), 5)
    system = system_of((table,))
    values = system.values(counts)
    view = public_view(
        system, OwnNeeds(values, 10, spare=0, few=system.marked(()), silent=system.marked(())), ()
    )
    must = primary(view, values)
    hidden = hidden_cells(Problem.of(system, values, 10, must=must, available=values > 0, views=(view,)))
    return int((hidden & ~must).sum()), Optimum(system, values, view.low, view.high).number()


def test_an_earlier_number_of_which_one_value_is_found_is_not_taken_for_shown():
    table, counts = row(38, 50)
    system = system_of((table,))
    values = system.values(counts)
    own = OwnNeeds(values, 10, spare=1, few=system.marked(()), silent=system.marked(()))
    found = np.array([np.nan, 2.0, np.nan])
    no, unknown = np.zeros(3, dtype=bool), np.full(3, np.nan)
    p0 = system.index[key_of({"place": "p0"})]
    seen = public_view(system, own, [Known(found, found, number=unknown, exact=no)])
    assert (seen.low[p0], seen.high[p0]) == (1, 38)
    shown = public_view(system, own, [Known(found, found, number=found, exact=~no)])
    assert (shown.low[p0], shown.high[p0]) == (38, 38)


def test_few_more_cells_are_hidden_than_must_be():
    pairs = [compared(shape, seed) for shape, number in SHAPES for seed in range(number)]
    assert all(ours >= fewest for ours, fewest in pairs)
    assert sum(ours for ours, _ in pairs) <= TOGETHER * sum(fewest for _, fewest in pairs)


@pytest.mark.slow
def test_few_more_cells_are_hidden_than_must_be_also_in_three_dimensions():
    shapes = [*(shape for shape, _ in SHAPES), (3, 3, 3)]
    pairs = [compared(shape, seed) for shape in shapes for seed in range(20, 32)]
    assert sum(ours for ours, _ in pairs) <= TOGETHER * sum(fewest for _, fewest in pairs)


def test_a_number_that_is_the_only_part_of_a_sum_need_not_seem_less_than_the_sum_can_be():
    """Two tables of the same five people: here in three parts, there in one."""
    many, one = flat("many", ["a", "b", "c"]), flat("one", ["x", "y"])
    within = key_of({"of": "five"})
    tables = (Table("many", (many,), within), Table("one", (one,), within))
    counts = {key_of({"of": "five", "many": code}): n for code, n in (("a", 1), ("b", 1), ("c", 3))}
    counts[key_of({"of": "five", "one": "x"})] = 5
    release = protect(tables, counts, as_of="2026-01-01", snapshot="1")
    assert release.shown(key_of({"of": "five", "one": "y"})) == 0
    assert release.shown(key_of({"of": "five", "one": "x"})) is None
    assert audit(release.document(), exact=counts).unsafe == ()
