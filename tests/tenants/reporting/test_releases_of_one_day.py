"""A release that corrects another is of the same day, and some of its numbers stand as they were told."""

import random
from collections import Counter

import pytest

from tenants.reporting.metrics import equity
from tenants.reporting.metrics.reach import STAGES
from tenants.reporting.releasing import Earlier, cells_of, released
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import CountTable, axis

ANSWERS = axis("gender", "Gender", ("answer:a", "answer:b", "answer:c", "declined"))


def table(people):
    counts = Counter(key_of({"stage": stage, "gender": answer}) for stage, answer in people)
    return CountTable("reach_gender", "Invented", "people", (STAGES, ANSWERS), (), counts)


def two_of_one_day(seed):
    """The later one's table as shown, after most of one answer left but for those at one stage."""
    draw, ledger = random.Random(seed), []
    stages, answers = STAGES.dimension.leaves, ANSWERS.dimension.leaves
    people = [(draw.choices(stages, (1, 1, 1, 4))[0], draw.choice(answers)) for _ in range(600)]
    gone, few = draw.choice(answers), draw.choice(stages)
    left = [(s, a) for s, a in people if a != gone or draw.random() > (0.12 if s == few else 0.5)]
    for place, those in enumerate((people, left)):
        exact = table(those)
        found = released([exact], as_of="2026-06-30", snapshot=str(place), threshold=10, ledger=tuple(ledger))
        ledger.append(Earlier(found.document, exact.counts))
    return exact.shown(cells_of(found.document))


@pytest.mark.parametrize("seed", range(12))
def test_figures_of_a_release_of_the_same_day_as_the_one_before_put_no_two_snapshots_in_proportion(seed):
    shown = two_of_one_day(seed)
    assert len({each.frozen for each in shown.cells.values()}) == 2
    panels, gaps = equity.figures({"reach_gender": shown})
    for panel in panels["panels"]:
        for row in panel["rows"]:
            assert row["share"] is None or 0 <= row["lower"] <= row["share"] <= row["upper"] <= 1
    assert all(row["estimate"] is None or -1 <= row["estimate"] <= 1 for row in gaps["rows"])
