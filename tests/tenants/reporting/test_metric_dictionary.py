"""The page on metrics says what the code says, metric by metric."""

import re
from pathlib import Path

import pytest

from tenants.reporting.metrics import METRICS
from tenants.reporting.metrics.award_lists import LISTS

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def plain(words):
    return " ".join(words.split())


def sections():
    """The page's sections by heading."""
    _, *parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    return {part.partition("\n")[0]: plain(part.partition("\n")[2]) for part in parts}


def test_the_page_has_a_section_for_each_metric_in_the_order_of_a_report():
    assert list(sections()) == [*(metric.title for metric in METRICS), "Award lists"]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_told_as_its_definition_has_it(metric):
    told = sections()[metric.title]
    assert f"`{metric.id}`" in told
    assert plain(metric.text) in told
    for words in (*metric.inputs, *metric.caveats):
        assert f"- {plain(words)}" in told


def test_every_award_list_is_told_with_its_codes_and_source():
    told = sections()["Award lists"]
    for each in LISTS:
        row = (
            f"`{each.id}`",
            each.funder,
            each.years,
            each.told,
            each.clock.start,
            each.source,
        )
        assert f"| {' | '.join(row)} |" in told


def test_every_definition_says_what_it_is_of_and_what_to_beware_of():
    assert len({metric.id for metric in METRICS}) == len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert len(metric.text) > 80
        assert metric.inputs
        assert metric.caveats
