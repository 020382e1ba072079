"""Drawing by lot: balance in every stratum and over all, whole units, and nothing but the seed decides."""

import random
from collections import Counter
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.randomising import ALGORITHM, MOST_ARMS, digest, draw, stratum_of

SEEDS = st.integers(0, 2**31)
STRATA = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=60)
SHARES = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
DESIGNS = st.one_of(
    st.fixed_dictionaries({"arms": st.integers(2, MOST_ARMS), "share": st.none()}),
    st.fixed_dictionaries({"arms": st.just(2), "share": SHARES}),
)


def people(number):
    return [UUID(int=each + 1) for each in range(number)]


def shares(design):
    if design["share"] is None:
        return [1 / design["arms"]] * design["arms"]
    return [design["share"], 1 - design["share"]]


@settings(derandomize=True, deadline=None)
@given(strata=STRATA, design=DESIGNS, seed=SEEDS)
def test_in_every_stratum_and_over_all_an_arm_is_less_than_one_from_its_share(strata, design, seed):
    drawn = draw(people(len(strata)), strata, **design, seed=seed)
    for stratum in {*strata, "all"}:
        arms = Counter(arm for arm, own in zip(drawn, strata, strict=True) if stratum in ("all", own))
        number = sum(arms.values())
        for arm, share in enumerate(shares(design), start=1):
            assert abs(arms[arm] - share * number) < 1 + 1e-9
    assert set(drawn) <= set(range(1, design["arms"] + 1))


@settings(derandomize=True, deadline=None)
@given(strata=STRATA, design=DESIGNS, seed=SEEDS, data=st.data())
def test_people_who_are_kept_together_get_one_arm_and_units_are_balanced(strata, design, seed, data):
    places = st.integers(0, max(len(strata) - 1, 0))
    bound = data.draw(st.lists(st.lists(places, max_size=4), max_size=8)) if strata else []
    drawn = draw(people(len(strata)), strata, bound, **design, seed=seed)
    units = {place: {place} for place in range(len(strata))}
    for each in bound:
        merged = set().union(*(units[place] for place in each)) if each else set()
        for place in merged:
            units[place] = merged
    whole = {frozenset(unit) for unit in units.values()}
    assert all(len({drawn[place] for place in unit}) == 1 for unit in whole)
    for stratum in {*strata}:
        arms = Counter(drawn[min(unit)] for unit in whole if strata[min(unit)] == stratum)
        for arm, share in enumerate(shares(design), start=1):
            assert abs(arms[arm] - share * sum(arms.values())) < 1 + 1e-9


@settings(derandomize=True, deadline=None)
@given(strata=STRATA, design=DESIGNS, seed=SEEDS, order=st.randoms(use_true_random=False))
def test_the_order_in_which_people_come_changes_nothing(strata, design, seed, order):
    ids = people(len(strata))
    bound = [[0, len(ids) - 1]] if len(ids) > 1 else []
    drawn = dict(zip(ids, draw(ids, strata, bound, **design, seed=seed), strict=True))
    places = list(range(len(ids)))
    order.shuffle(places)
    at = {place: new for new, place in enumerate(places)}
    again = draw(
        [ids[place] for place in places],
        [strata[place] for place in places],
        [[at[place] for place in unit] for unit in bound],
        **design,
        seed=seed,
    )
    assert dict(zip((ids[place] for place in places), again, strict=True)) == drawn


@settings(derandomize=True, deadline=None)
@given(strata=STRATA, design=DESIGNS, seed=SEEDS)
def test_what_strata_are_called_changes_nothing(strata, design, seed):
    renamed = [f"z{ord('z') - ord(each)}" if each else "none" for each in strata]
    ids = people(len(strata))
    assert draw(ids, strata, **design, seed=seed) == draw(ids, renamed, **design, seed=seed)


def test_the_seed_decides():
    ids, strata = people(40), ["a", "b"] * 20
    assert draw(ids, strata, arms=2, seed=1) == draw(ids, strata, arms=2, seed=1)
    assert len({tuple(draw(ids, strata, arms=2, seed=seed)) for seed in range(50)}) == 50


def test_the_digest_of_what_is_drawn_from_is_the_same_for_ever_and_of_nothing_else():
    people, strata = [UUID(int=number) for number in (3, 1, 2)], ["b", "a", "b"]
    ids = {number: f'"00000000-0000-0000-0000-00000000000{number}"' for number in (1, 2, 3)}
    said = f'["{ALGORITHM}",2,0.5,[["a",[{ids[1]},{ids[2]}]],["b",[{ids[3]}]]]]'
    known = sha256(said.encode()).hexdigest()
    assert digest(people, strata, [(1, 2)], arms=2, share=0.5) == known
    assert digest(people[::-1], strata[::-1], [(1, 0)], arms=2, share=0.5) == known
    for other in (
        digest(people, strata, arms=2, share=0.5),
        digest(people, strata, [(1, 2)], arms=2),
        digest(people, ["c", "a", "b"], [(1, 2)], arms=2, share=0.5),
        digest(people[:2], strata[:2], arms=2, share=0.5),
    ):
        assert other != known


def test_the_draw_of_a_seed_is_the_same_for_ever():
    """Else nobody could repeat a draw of last year. This changes only with what the module says."""
    ids = people(12)
    strata = ["K", "K", "R", None, "R", "K", "R", "R", None, "K", "K", "R"]
    assert draw(ids, strata, [(0, 3)], arms=3, seed=7) == [3, 1, 2, 3, 1, 1, 2, 1, 3, 3, 2, 3]
    assert draw(ids, strata, arms=2, share=0.25, seed=7) == [1, 2, 2, 2, 1, 1, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("design", "chances"),
    [({"arms": 3}, [1 / 3] * 3), ({"arms": 2}, [0.5, 0.5]), ({"arms": 2, "share": 0.3}, [0.3, 0.7])],
)
def test_everybody_has_the_same_chance_of_each_arm(design, chances):
    strata = ["a"] * 4 + ["b"] * 3 + [None]
    counts = [Counter() for _ in strata]
    for seed in range(4000):
        for place, arm in enumerate(draw(people(8), strata, **design, seed=seed)):
            counts[place][arm] += 1
    for count in counts:
        for arm, chance in enumerate(chances, start=1):
            assert abs(count[arm] / 4000 - chance) < 0.035  # 4 standard errors, for seeds that never change


def test_two_people_of_a_stratum_are_not_bound_to_each_other():
    together = sum(len(set(draw(people(4), ["a"] * 4, arms=2, seed=seed)[:2])) == 1 for seed in range(3000))
    assert abs(together / 3000 - 1 / 3) < 0.035  # as in a permutation of two of each arm


def test_a_large_pool_is_drawn_at_once():
    number = 20_000
    strata = [random.Random(number).choice("abcdefgh") for number in range(number)]
    drawn = draw(people(number), strata, [list(range(100))], arms=2, share=0.1, seed=3)
    assert len({*drawn[:100]}) == 1
    assert len(drawn) == number


@pytest.mark.parametrize(
    "wrong",
    [
        {"arms": 1},
        {"arms": MOST_ARMS + 1},
        {"arms": 2, "share": 0.0},
        {"arms": 2, "share": 1.0},
        {"arms": 3, "share": 0.5},
        {"arms": 2, "seed": -1},
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        draw(people(2), [None, None], **{"seed": 1, **wrong})


def test_people_must_differ_and_have_a_stratum_each():
    with pytest.raises(ValueError, match="differ"):
        draw([UUID(int=1), UUID(int=1)], [None, None], arms=2, seed=1)
    with pytest.raises(ValueError, match="stratum"):
        draw(people(2), [None], arms=2, seed=1)


def test_nobody_is_drawn_of_nobody():
    assert draw([], [], arms=2, seed=1) == []


def test_a_stratum_is_called_by_its_values_and_a_missing_one_is_its_own():
    assert stratum_of({}) is None
    assert stratum_of({"stage": "K", "degree": None}) == 'stage="K", degree=null'
    assert stratum_of({"convene": True}) == "convene=true"
    assert stratum_of({"stage": "null"}) != stratum_of({"stage": None})
