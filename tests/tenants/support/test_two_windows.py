"""What two windows tell at worst where none or so many came in, and none or so many dropped out."""

from collections.abc import Iterator
from itertools import product as every_way

import pytest

from tenants.kernel.ids import new_id
from tests.tenants.support.histories import BOUNDS, VALUES, History, by_bands
from tests.tenants.support.test_tally import Ledger

SIZES = [(0, 5, 5), (5, 5, 5)]
"""How many dropped out, stayed and came in: few, which is the worst."""


def band_of(answers):
    mean = sum(answers) / len(answers)
    return next(band for band, (low, below) in BOUNDS.items() if low <= mean < below)


def worst_cases(out: int, stay: int, came: int) -> Iterator[History]:
    """Histories of two windows, one for each pair of bands and each answer of somebody who knows her own. Everybody
    else of those who dropped out says the same, and so do those who stayed and those who came in.
    """
    people = [[new_id() for _ in range(number)] for number in (out, stay, came)]
    answered = [people[0] + people[1], people[1] + people[2]]
    seen = set()
    for part, own in every_way(range(3), VALUES):
        if not people[part]:
            continue
        for said in every_way(*(VALUES if each else (1,) for each in people)):
            answers = {who: value for each, value in zip(people, said, strict=True) for who in each}
            answers[people[part][0]] = own
            bands = [band_of([answers[who] for who in window]) for window in answered]
            known = {(*bands, part, own)}
            known |= {(*bands, at, said[at]) for at in range(3) if len(people[at]) > 1}
            if not known <= seen and (*bands, part, own) not in seen:
                seen |= known
                yield History(new_id(), answers, answered, dict(enumerate(bands)))


def least_left(sizes: tuple[int, int, int], enough: int) -> int:
    return min(
        left for each in worst_cases(*sizes) for left in by_bands(each).each_left(each.answers, enough=enough)
    )


@pytest.mark.parametrize("sizes", SIZES)
def test_where_none_or_five_changed_four_values_are_left_to_every_answer(sizes):
    assert least_left(sizes, enough=4) == 4


@pytest.mark.parametrize(("least_changed", "told"), [(3, True), (5, False)])
def test_the_example_of_the_guide_is_told_by_the_rule_of_three_and_not_by_that_of_five(
    superuser, least_changed, told
):
    book, group = Ledger(superuser, windows=2, least_changed=least_changed), new_id()
    stay, insider, others = [new_id() for _ in range(5)], new_id(), [new_id(), new_id()]
    answers = dict.fromkeys(stay, 3) | {insider: 6} | dict.fromkeys(others, 1)
    answered = [stay, [*stay, insider, *others]]
    book.answer(
        (group, who, window, {"worth_it": answers[who]})
        for window, people in enumerate(answered)
        for who in people
    )
    assert book.tally() == 2
    bands = {window: band for (_, window), band in book.published().items()}
    assert bands == ({0: "middle", 1: "low"} if told else {0: "middle"})
    left = min(by_bands(History(group, answers, answered, bands)).each_left(answers))
    # Who said 6 knows that both others who came in said 1.
    assert (left == 1) is told
