"""What is told of rules that cannot all be kept: as little as clashes, and changes that help."""

from dataclasses import replace

import pytest

from tenants.matching.solver import Attribute, Infeasible, Pool, Recipe, Size, Term, solve
from tenants.matching.solver.model import Apart, Cap, Hierarchy, NoIsolate, Seats, Shared, Together

TERMS = (Term("x", "similar", 1),)


def of(*, x: str, y: str = "") -> Pool:
    """People with a letter each of x and y; - is a value of their own."""
    columns = {"x": x, "y": y or "N" * len(x)}
    told = {
        key: Attribute("categorical", [f"{at}" if each == "-" else each for at, each in enumerate(column)])
        for key, column in columns.items()
    }
    return Pool(tuple(f"p{at}" for at in range(len(x))), told)


def clash_of(pool, recipe):
    with pytest.raises(Infeasible) as caught:
        solve(pool, recipe, seed=1)
    return caught.value.clash


ALONE = of(x="-" * 6, y="QNNNNN"), Recipe(Size(3, 3), TERMS, (NoIsolate("y", ("Q",)),))
SEATED = of(x="UUUUU-------", y="YYYYNNNNNNNN"), Recipe(Size(3, 4), TERMS, (Cap("x", 1), Seats("y", "Y")))
SEVEN = of(x="UUU----"), Recipe(Size(4, 5), TERMS, (Cap("x", 1),))
CAPS = of(x="UUUU--------", y="--------VVVV"), Recipe(Size(4, 4), TERMS, (Cap("x", 1), Cap("y", 1)))
FIVE = of(x="aaaa--------"), Recipe(Size(3, 4), TERMS, (Seats("x", "a", min=5),))
TRIO = of(x="-" * 8), Recipe(Size(2, 2), TERMS, (Together(lists=(("p0", "p1", "p2"),)),))
HOLDERS = of(x="aa----------"), Recipe(Size(3, 4), TERMS, (Seats("x", "a"),))


@pytest.mark.parametrize(("pool", "recipe"), [ALONE, SEATED, SEVEN, CAPS, HOLDERS, TRIO])
@pytest.mark.parametrize("waitlist", [False, True])
def test_as_many_as_are_said_to_wait_let_the_others_be_placed_and_fewer_do_not(pool, recipe, waitlist):
    recipe = replace(recipe, waitlist=waitlist)
    clash = solve(pool, recipe, seed=1).clash if waitlist else clash_of(pool, recipe)
    said = [each.amount for each in clash.relaxations if "to the waitlist" in each.said]
    placed = solve(pool, replace(recipe, waitlist=True), seed=1)
    assert said == [len(placed.unplaced)]
    assert placed.stopped_by == "proof"


@pytest.mark.parametrize(
    ("pool", "recipe", "said", "changed"),
    [
        (*SEATED, "raise the cap on x to 2", {"rules": (Cap("x", 2), Seats("y", "Y"))}),
        (*SEVEN, "allow groups of 2", {"size": Size(2, 5)}),
        (*FIVE, "ask for at least 1", {"rules": (Seats("x", "a", min=1),)}),
    ],
)
def test_a_change_that_is_offered_lets_everybody_be_placed(pool, recipe, said, changed):
    assert any(each.said.startswith(said) for each in clash_of(pool, recipe).relaxations)
    assert not solve(pool, replace(recipe, **changed), seed=1).unplaced


@pytest.mark.parametrize(
    ("pool", "recipe", "said"),
    [
        (*SEATED, "allow groups of 2"),
        (*SEVEN, "allow groups of 3"),
        (*CAPS, "raise the cap on x to 2"),
        (*FIVE, "ask for at least 4"),
    ],
)
def test_a_change_that_helps_against_one_clash_alone_is_not_offered_as_if_it_helped(pool, recipe, said):
    assert said not in [each.said for each in clash_of(pool, recipe).relaxations]


def test_people_who_name_the_same_person_wait_until_the_others_can_be_divided():
    pool = of(x="-" * 9)
    pool.attributes["pi"] = Attribute("reference", [["boss"]] * 4 + [None] * 5)
    recipe = Recipe(Size(3, 3), TERMS, (Hierarchy(("pi",), shared=True),))
    assert "leave 3 people to the waitlist" in [each.said for each in clash_of(pool, recipe).relaxations]


def test_a_pair_that_is_apart_is_no_part_of_a_clash_that_is_one_without_it():
    letters = [["a"]] * 3 + [["b", "c"], ["b", "d"], ["c", "d"]]
    pool = Pool(tuple(f"p{at}" for at in range(6)), {"s": Attribute("set", letters)})
    rules = (Shared("s", 1), Apart(pairs=(("p0", "p1"),)))
    clash = clash_of(pool, Recipe(Size(3, 3), (Term("s", "similar", 1),), rules))
    assert {part.rule for part in clash.parts} == {None, 0}
    assert clash.proven
