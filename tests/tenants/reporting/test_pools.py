"""Sums over institutions: what each of them, and whoever reads all that was released, can work out. All is invented."""

from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest

from tenants.reporting.counting import shares
from tenants.reporting.lifting import lifted, lifted_table, lowered
from tenants.reporting.pools.content import (
    Thing,
    contribution_from,
    known_by,
    of_those_who_agreed,
)
from tenants.reporting.pools.summing import pooled, released_of
from tenants.reporting.releasing import SAME_ROWS, Earlier, cells_of, released_of_one
from tenants.reporting.suppression.model import Printed, key_of
from tenants.reporting.tables import COHORT, NO, YES, CountTable, axis
from tests.tenants.reporting.together import (
    DAY,
    FUND,
    KINDS,
    OWN,
    PRODUCTS,
    REACH,
    STATES,
    WITHIN,
    Unknown,
    at,
    codes_of,
    gives,
    narrowed,
    plain,
    pool_of,
    states,
)


@pytest.mark.parametrize("seed", range(25))
def test_neither_anybody_nor_any_institution_with_its_own_rows_narrows_the_others_down(seed):
    rng = np.random.default_rng(seed)
    names = "abcde"[: rng.integers(3, 6)]
    given = {name: gives(rng.poisson(rng.gamma(1.0, 12, size=4)).tolist(), digest=name) for name in names}
    exact = codes_of(given)
    _, leaving = pool_of(given)
    assert leaving.refused is None
    cells = cells_of(leaving.document)
    assert narrowed(Unknown(names).reads(cells), exact) == []
    for name in names:
        known = {(name, state): n for state, n in exact[name].items()}
        assert narrowed(Unknown(names, known).reads(cells), exact) == []


def test_the_attack_finds_what_a_sum_without_protection_gives_away():
    given = {name: gives([n, 0, 0, 0], digest=name) for name, n in zip("abc", (20, 30, 4), strict=True)}
    found, _ = pool_of(given)
    (table,) = found.tables[REACH.id]
    sums = table.shown({at(): Printed(54, DAY), at(state="invited"): Printed(54, DAY)}).cells
    cells = {key_of({**dict(WITHIN), **dict(key)}): printed for key, printed in sums.items() if printed.value}
    assert narrowed(Unknown("abc").reads(cells), codes_of(given)) == []
    zeros = {("c", code): 0 for code in ("placed", "left", "gone")}
    known = {
        **zeros,
        **{(name, code.code): given_number(given, name, code) for name in "ab" for code in STATES.codes},
    }
    assert narrowed(Unknown("abc", known).reads(cells), codes_of(given))


def given_number(given, name, code):
    return codes_of(given)[name][code.code]


@pytest.mark.parametrize("seed", range(12))
def test_whoever_also_has_what_single_institutions_released_of_the_same_rows_learns_no_more(seed):
    rng = np.random.default_rng(seed)
    given, cells = {}, []
    for name in "abcd":
        counts = rng.poisson(rng.gamma(1.0, 12, size=4)).tolist()
        own = released_of_one([states(counts)], name, ledger=(), snapshot=f"of {name}", **OWN)
        ledger = []
        if name != "d":
            ledger = [Earlier(own.document, states(counts).counts, at=DAY)]
            cells.append(cells_of(lifted(own.document, name)))
        given[name] = gives(counts, digest=f"of {name}", ledger=ledger)
    _, leaving = pool_of(given)
    assert leaving.refused is None
    unknown = Unknown("abcd").reads(cells_of(leaving.document))
    for each in cells:
        unknown.reads(each)
    assert narrowed(unknown, codes_of(given)) == []


def test_a_source_s_later_release_does_not_tell_what_the_pool_hid():
    given = {
        name: gives(n, digest=name)
        for name, n in zip("abc", ([5, 30, 0, 0], [40, 20, 0, 0], [50, 60, 0, 0]), strict=True)
    }
    _, leaving = pool_of(given)
    pooled_before = Earlier(leaving.document, pooled=True, at=DAY)
    cells = cells_of(leaving.document)
    hidden = [name for name in "bc" if cells[at(institution=name, state="invited")].value is None]
    assert cells[at(institution="a", state="invited")].value is None
    assert hidden or cells[at(state="invited")].value is None
    for name in hidden:
        own = released_of_one(
            [given[name].tables[REACH.id][0]], name, ledger=[pooled_before], snapshot="later", **OWN
        )
        assert own.refused is None
        assert cells_of(own.document)[at(state="invited")].value is None


def test_a_pool_of_one_institution_more_does_not_tell_what_that_one_has():
    three = {name: gives([30, 40, 20, 20], digest=name) for name in "abc"}
    _, first = pool_of(three)
    four = {**three, "d": gives([4, 0, 0, 0], digest="d")}
    before = [Earlier(first.document, pooled=True, at=DAY)]
    _, second = pool_of(four, before=before)
    assert second.refused is None
    cells = cells_of(second.document)
    assert cells_of(first.document)[at(state="invited")].value == 90
    assert cells[at(state="invited")].value != 94
    assert cells[at(institution="d", state="invited")].value is None


@pytest.mark.parametrize("changed", [(), ("a", "b", "c"), ("a",)])
def test_of_rows_that_are_in_an_earlier_pool_beside_others_nothing_new_is_told(changed):
    """From the sums of two pools with some rows in common what else is in them could be told."""
    first, leaving = pool_of({name: gives([30, 40, 20, 20], digest=name) for name in "abc"})
    assert not first.overlaps
    more = {}
    for name in "abc":
        ledger = [Earlier(leaving.document, pooled=True, at=DAY, digest=name)]
        counts, digest = ([60, 70, 50, 50], f"later {name}") if name in changed else ([30, 40, 20, 20], name)
        more[name] = gives(counts, digest=digest, ledger=ledger)
    again, _ = pool_of(more)
    assert again.overlaps == (len(changed) == 1), (
        "the very same pool, and one of other rows, tell what they have"
    )
    one_more, _ = pool_of({**more, "d": gives([4, 0, 0, 0], digest="d")})
    assert one_more.overlaps == (len(changed) < 3)


def test_what_is_released_alone_of_rows_that_are_pooled_as_they_are_tells_nothing_new():
    own = {name: gives([30, 40, 20, 20], digest=name) for name in "abc"}
    _, leaving = pool_of(own)
    ledger = [Earlier(leaving.document, pooled=True, at=DAY, digest="a")]
    same = released_of_one([states([30, 40, 20, 20])], "a", ledger=ledger, snapshot="a", **OWN)
    assert same.refused == SAME_ROWS
    assert all(each.frozen for each in cells_of(same.document).values()), "these were told in the pool"
    later = released_of_one([states([60, 70, 50, 50])], "a", ledger=ledger, snapshot="later", **OWN)
    assert later.refused is None
    assert cells_of(later.document)[at(state="invited")].value == 60


@pytest.mark.parametrize(("others", "told"), [(4, None), (24, 64)])
def test_a_sum_is_not_shown_where_without_one_institution_few_are_left(others, told):
    given = {name: gives([n, 0, 0, 0], digest=name) for name, n in zip("abc", (40, others, 0), strict=True)}
    _, leaving = pool_of(given)
    assert cells_of(leaving.document)[at(state="invited")].value == told


@pytest.mark.parametrize("known", [True, False])
def test_an_institution_cannot_take_its_own_rise_from_that_of_the_sum(known):
    """Ten came to a and five to the others: the sum rose by enough to be told, but not to a."""
    first = {name: gives([30, 40, 20, 20], digest=name) for name in "abc"}
    pool, leaving = pool_of(first)
    later = {}
    for name, n in zip("abc", (40, 35, 30), strict=True):
        part = pool.held.parts[name] if known else None
        ledger = [Earlier(leaving.document, pooled=True, part=part, at=DAY)]
        later[name] = gives([n, 40, 20, 20], digest=f"later {name}", ledger=ledger)
    _, second = pool_of(later)
    assert second.refused is None
    assert cells_of(leaving.document)[at(state="invited")].value == 90
    told = cells_of(second.document)[at(state="invited")]
    assert (told.value, told.frozen) == ((90, True) if known else (105, False))


def test_a_thing_that_two_report_is_counted_once_and_is_both_theirs():
    within = key_of({**dict(WITHIN), "unit": "products"})
    empty = CountTable("products", "Products", "products", (KINDS,), within)
    pool = uuid4()
    shared = known_by(pool, ["doi:10.5555/a", "pmid:1"])
    mine = [Thing("talk", known_by(pool, [f"pmid:{n}"]), [n]) for n in range(100, 130)]
    told = {
        "a": [*mine, Thing("talk", known_by(pool, ["doi:10.5555/a"]), [1])],
        "b": [Thing("dataset", shared, [0]), Thing("talk", [], [1])],
        "c": [Thing("talk", known_by(pool, ["pmid:1"]), [0])],
    }
    given = {
        name: gives([30] * 4, digest=name, things=things, **{PRODUCTS.id: [empty]})
        for name, things in told.items()
    }
    found, leaving = pool_of(given, plain(PRODUCTS))
    assert leaving.refused is None
    ours, _, theirs = found.tables[PRODUCTS.id]
    assert sum(ours.counts.values()) == sum(theirs.counts.values()) == 32
    once = key_of({**dict(within), "product_kind": "dataset", "institution:a": "a"})
    assert ours.counts[once] == 1
    assert [
        sum(n for key, n in found.held.parts[name].items() if "institution:a" in dict(key)) for name in "abc"
    ] == [31, 2, 1]
    assert known_by(uuid4(), ["pmid:1"]) != known_by(pool, ["pmid:1"])
    assert cells_of(leaving.document)[within].value is None  # without a's, two people are behind


def test_a_pool_is_told_though_few_of_another_are_behind_what_one_released_of_its_products():
    within = key_of({**dict(WITHIN), "unit": "products"})
    own = CountTable("products", "Products", "products", (KINDS,), within)
    talk = key_of({**dict(within), "product_kind": "talk"})
    own = replace(own, counts={talk: 31})
    pool = uuid4()
    mine = [Thing("talk", known_by(pool, [f"pmid:{n}"]), [n]) for n in range(30)]
    both = Thing("talk", known_by(pool, ["doi:10.5555/a"]), [0])
    others = [Thing("talk", known_by(pool, [f"pmid:{n}"]), [n]) for n in range(100, 130)]
    alone = released_of_one([states([30] * 4), own], "a", ledger=(), snapshot="a", **OWN)
    assert cells_of(alone.document)[talk].value == 31
    ledger = [Earlier(alone.document, {**states([30] * 4).counts, **own.counts}, at=DAY)]
    given = {
        "a": gives([30] * 4, digest="a", things=[*mine, both], ledger=ledger, **{PRODUCTS.id: [own]}),
        "b": gives([30] * 4, digest="b", things=[*others, both], **{PRODUCTS.id: [own]}),
        "c": gives([30] * 4, digest="c", **{PRODUCTS.id: [own]}),
    }
    _, leaving = pool_of(given, plain(REACH), plain(PRODUCTS))
    assert leaving.refused is None
    cells = cells_of(leaving.document)
    assert cells[at(state="invited")].value == 90
    assert cells[key_of({**dict(talk), "institution:a": "a"})].value == 31
    assert cells[talk].value is not None


@pytest.mark.parametrize("kind", ["talk", "dataset"])
def test_people_are_told_where_what_one_released_of_its_products_does_not_fit_the_pool(kind):
    """It told them by cohort, which the others do not know, and they say of one that it is of another kind."""
    within, pool = key_of({**dict(WITHIN), "unit": "products"}), uuid4()
    cohorts = axis(COHORT, "Cohort", ("one", "two"))
    talks = key_of({**dict(within), "product_kind": "talk", COHORT: "one"})
    empty = CountTable("products", "Products", "products", (KINDS,), within)
    own = replace(empty, counts={talks: 31}, spread=(cohorts,))
    mine = [Thing("talk", known_by(pool, [f"pmid:{n}"]), [n]) for n in range(30)]
    both = Thing("talk", known_by(pool, ["doi:10.5555/a"]), [0])
    alone = released_of_one([states([30] * 4), own], "a", ledger=(), snapshot="a", **OWN)
    ledger = [Earlier(alone.document, {**states([30] * 4).counts, **own.counts}, at=DAY)]
    things = {"a": [*mine, both], "b": [Thing(kind, *both[1:])], "c": []}
    given = {
        name: gives(
            [30] * 4, digest=name, things=told, ledger=ledger if name == "a" else [], **{PRODUCTS.id: [empty]}
        )
        for name, told in things.items()
    }
    found = pooled(given, (plain(REACH), plain(PRODUCTS)), threshold=10)
    leaving = released_of(found, as_of=DAY)
    assert leaving.refused is None
    cells = cells_of(leaving.document)
    assert cells[at(state="invited")].value == 90
    assert cells[key_of({**dict(within), "product_kind": "talk"})].value is None


def test_only_those_who_agreed_are_contributed_whatever_their_cohort():
    funder, other = axis(shares(FUND), FUND, (YES, NO)), axis(shares("Other"), "Other", (YES, NO))
    cohorts = axis(COHORT, "Cohort", ("one", "two"))
    counts = {
        key_of({"reported": YES, "state": "placed", COHORT: cohort, shares(FUND): said}): n
        for (cohort, said), n in zip(
            [(c, s) for c in ("one", "two") for s in (YES, NO)], (3, 5, 7, 11), strict=True
        )
    }
    table = CountTable(
        "states", "", "people", (STATES,), key_of({"reported": YES}), counts, frozenset(), (cohorts, funder)
    )
    part = of_those_who_agreed(table, shares(FUND))
    assert part.counts == {at(state="placed"): 10}
    assert part.spread == ()
    assert of_those_who_agreed(replace(table, spread=(cohorts, other)), shares(FUND)) is None
    of_one = replace(table, within=key_of({COHORT: "one"}), spread=(funder,))
    assert of_those_who_agreed(of_one, shares(FUND)) is None, "no other institution has it"


def test_what_was_contributed_comes_out_as_it_went_in():
    own = released_of_one([states([20] * 4)], "a", ledger=(), snapshot="1", **OWN)
    earlier = Earlier(own.document, states([20] * 4).counts, part=states([1] * 4).counts, at=DAY)
    one = gives([1, 2, 3, 4], ledger=[earlier], things=[Thing("talk", ["x"], [1])])
    assert contribution_from(one.said()).said() == one.said()
    assert lowered(lifted(own.document, "a")) == own.document
    assert lifted_table(states([1] * 4), "a").shape.within == at(institution="a")


def test_tables_that_not_all_have_are_not_pooled_and_figures_never_lack_one():
    more = CountTable("more", "More", "people", (STATES,), WITHIN)
    given = {
        "a": gives([20] * 4, **{REACH.id: [states([20] * 4), more]}),
        "b": gives([20] * 4),
        "c": gives([20] * 4),
    }
    assert [each.name for each in pool_of(given)[0].tables[REACH.id]] == ["states"]
    assert pooled(given, (REACH,), threshold=10).tables == {}
