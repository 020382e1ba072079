"""Curves with a competing event, and whether curves differ."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.duration
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, logrank
from statsmodels.duration.survfunc import CumIncidenceRight, survdiff

from tenants.reporting.statistics.aalen_johansen import CumulativeIncidence, aalen_johansen
from tenants.reporting.statistics.life_table import Interval, life_table
from tenants.reporting.statistics.log_rank import log_rank
from tenants.reporting.survival import kaplan_meier

# Acute myelogenous leukaemia, maintained and not (Miller 1981; `aml` in R's survival package), weeks.
AML = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
AML_EVENT = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
# Remission of leukaemia in weeks, 6-mercaptopurine and placebo (Freireich et al. 1963).
SIX_MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

Sample = list[tuple[float, float, int]]
samples = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 40), st.integers(0, 2)).map(
        lambda p: (p[0] / 4, (p[0] + p[1]) / 4, p[2])
    ),
    min_size=1,
    max_size=40,
)


def curve(rows: Sample) -> CumulativeIncidence:
    entry, exit_, outcome = (list(column) for column in zip(*rows, strict=True))
    return aalen_johansen(entry=entry, exit=exit_, outcome=outcome)


@pytest.mark.parametrize("seed", range(5))
def test_without_late_joiners_an_incidence_equals_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    # The last one is censored: where nobody is left statsmodels divides by them.
    exit_, outcome = np.append(random.integers(1, 20, 200) / 2, 12), np.append(random.integers(0, 3, 200), 0)
    found = aalen_johansen(entry=np.zeros(201), exit=exit_, outcome=outcome)
    theirs = CumIncidenceRight(exit_, outcome)
    assert found.either.time == tuple(theirs.times)
    assert found.incidence == pytest.approx(theirs.cinc[0].tolist(), abs=1e-12)
    assert found.standard_error == pytest.approx(theirs.cinc_se[0].tolist(), abs=1e-12)


def test_the_incidences_of_three_kinds_of_events_are_as_r_and_stata_say() -> None:
    """From the tests of statsmodels: R's cuminc for the incidence, Stata's stcompet for its error."""
    time = [1, 1, 2, 4, 4, 4, 6, 6, 7, 8, 9, 9, 9, 1, 2, 2, 4, 4]
    kind = [1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    for asked, incidence, error in (
        (1, 0.17037037, 0.08976251),
        (2, 0.20740741, 0.10610391),
        (3, 0.26666667, 0.12787781),
    ):
        outcome = [0 if each == 0 else 1 if each == asked else 2 for each in kind]
        found = aalen_johansen(entry=[0] * 18, exit=time, outcome=outcome)
        assert (found.incidence[-1], found.standard_error[-1]) == pytest.approx((incidence, error), abs=1e-8)


def test_a_curve_by_hand_with_somebody_who_joins_late() -> None:
    # At 1: four at risk. At 2: three, one of whom joined at 1. At 3: two.
    rows: Sample = [(0, 1, 1), (0, 1, 0), (0, 2, 2), (0, 3, 0), (1, 3, 1)]
    found = curve(rows)
    assert found.either.at_risk == (4, 3, 2)
    assert (found.events, found.competing) == ((1, 0, 1), (0, 1, 0))
    assert found.either.survival == pytest.approx((3 / 4, 1 / 2, 1 / 4))
    assert found.incidence == pytest.approx((1 / 4, 1 / 4, 1 / 2))
    assert (found.median, found.median_interval) == (3, (1, None))


def test_a_late_joiner_is_as_if_two_people_had_been_followed_one_after_the_other() -> None:
    """Somebody whose observation pauses is at risk before and after, which is what joining late means."""
    whole: Sample = [(0, 5, 1), (0, 4, 2), (0, 3, 0), (0, 2, 1)]
    split: Sample = [*whole[1:], (0, 2.5, 0), (2.5, 5, 1)]
    found = dict(zip(curve(split).either.time, curve(split).incidence, strict=True))
    for time, incidence in zip(curve(whole).either.time, curve(whole).incidence, strict=True):
        assert found[time] == pytest.approx(incidence)


@settings(deadline=None)
@given(samples)
def test_without_a_competing_event_an_incidence_is_one_less_kaplan_and_meiers(rows: Sample) -> None:
    rows = [(entry, exit_, outcome % 2) for entry, exit_, outcome in rows]
    found = curve(rows)
    exact = kaplan_meier(
        entry=[row[0] for row in rows], exit=[row[1] for row in rows], event=[row[2] == 1 for row in rows]
    )
    assert found.either == exact
    assert found.incidence == pytest.approx([1 - s for s in exact.survival], abs=1e-12)
    for ours, theirs in zip((found.lower, found.upper), (exact.upper, exact.lower), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            if one is not None and other is not None:
                assert one == pytest.approx(1 - other, abs=1e-9)
    assert found.median == exact.median


@settings(deadline=None)
@given(samples)
def test_at_each_time_everybody_had_one_of_the_events_or_neither(rows: Sample) -> None:
    one, other = curve(rows), curve([(entry, exit_, -outcome % 3) for entry, exit_, outcome in rows])
    assert list(one.incidence) == sorted(one.incidence)
    for shares in zip(one.incidence, other.incidence, one.either.survival, strict=True):
        assert sum(shares) == pytest.approx(1)
    for low, share, high in zip(one.lower, one.incidence, one.upper, strict=True):
        if low is not None and high is not None:
            assert 0 <= low <= share + 1e-12
            assert share - 1e-12 <= high <= 1


@settings(deadline=None)
@given(samples)
def test_a_life_table_of_every_single_time_is_the_exact_curve(rows: Sample) -> None:
    """Where each interval holds one time of leaving and who enters or is censored does so between them."""
    rows = [(0, exit_, outcome) for _, exit_, outcome in rows]
    found = curve(rows)
    either = found.either
    table = []
    for i, time in enumerate(either.time):
        table.append(Interval(time, 0, found.events[i], found.competing[i], 0))
        table.append(Interval(time + 0.1, 0, 0, 0, either.censored[i]))
    estimates = life_table(table, at_risk=len(rows))[::2]
    assert [row.cumulative_incidence for row in estimates] == pytest.approx(list(found.incidence))
    assert [row.standard_error for row in estimates] == pytest.approx(list(found.standard_error), abs=1e-9)


def test_an_outcome_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no outcome 3"):
        aalen_johansen(entry=[0, 0], exit=[1, 2], outcome=[3, 1])


def test_the_published_comparison_of_aml_is_reproduced() -> None:
    found = log_rank(exit=AML, event=AML_EVENT, group=["maintained"] * 11 + ["not"] * 12)
    # R 4.2.2, survival 3.5.
    assert found.statistic == pytest.approx(3.3963887, abs=1e-6)
    assert (found.p, found.df) == (pytest.approx(0.0653393, abs=1e-6), 1)
    assert found.observed == (7, 11)
    assert found.expected == pytest.approx((10.69, 7.31), abs=0.005)


def test_the_published_comparison_of_6_mp_is_reproduced() -> None:
    found = log_rank(
        exit=SIX_MP + PLACEBO, event=SIX_MP_EVENT + [1] * 21, group=["6-MP"] * 21 + ["none"] * 21
    )
    assert found.statistic == pytest.approx(16.7929, abs=5e-5)
    assert found.observed == (9, 21)
    assert found.expected == pytest.approx((19.25, 10.75), abs=0.005)


def test_bone_marrow_transplants_differ_by_disease_as_r_says() -> None:
    """The data are an example of SAS; R's figures stand in the tests of statsmodels, which ships both."""
    data = pd.read_csv(Path(statsmodels.duration.__file__).parent / "tests/results/bmt.csv")
    two = data[data.Group != "ALL"]
    time, event, group = two["T"].tolist(), two.Status.tolist(), two.Group.tolist()
    assert log_rank(exit=time, event=event, group=group).statistic == pytest.approx(13.44556, abs=5e-6)
    stratum = [place % 5 for place in range(len(two))]
    found = log_rank(exit=time, event=event, group=group, stratum=stratum)
    assert found.statistic == pytest.approx(11.97799, abs=5e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_comparison_equals_scipys_and_statsmodels(seed: int) -> None:
    random = np.random.default_rng(seed)
    exit_, event, group = (
        random.integers(1, 20, 120) / 2,
        random.random(120) < 0.6,
        random.integers(0, 4, 120),
    )
    entry = random.uniform(0, 0.9, 120) * exit_ * random.integers(0, 2, 120)
    stratum = random.integers(0, 3, 120)
    two = group < 2
    one, other = (
        CensoredData(uncensored=exit_[event & of], right=exit_[~event & of])
        for of in (group == 0, group == 1)
    )
    theirs = logrank(one, other)
    found = log_rank(exit=exit_[two], event=event[two], group=group[two].tolist())
    assert (found.statistic, found.p) == pytest.approx((theirs.statistic**2, theirs.pvalue), abs=1e-9)
    for more in ({}, {"entry": entry}, {"strata": stratum}):
        ours = {"stratum" if name == "strata" else name: values for name, values in more.items()}
        found = log_rank(exit=exit_, event=event, group=group.tolist(), **ours)
        statistic, p = survdiff(exit_, event.astype(int), group, **more)
        assert (found.statistic, found.p) == pytest.approx((statistic, p), abs=1e-9)
        assert found.df == 3


def test_strata_with_late_joiners_add_up() -> None:
    """The tool of statsmodels cannot do both at once."""
    random = np.random.default_rng(11)
    exit_, event = random.integers(1, 20, 90) / 2, random.random(90) < 0.6
    entry = random.uniform(0, 0.9, 90) * exit_ * random.integers(0, 2, 90)
    group, stratum = ["now"] * 40 + ["later"] * 50, random.integers(0, 3, 90)
    known = {"exit": exit_, "event": event, "entry": entry}
    parts = [
        log_rank(
            **{name: values[within] for name, values in known.items()},
            group=[each for each, there in zip(group, within, strict=True) if there],
        )
        for within in (stratum == each for each in range(3))
    ]
    differs = [part.observed[0] - part.expected[0] for part in parts]
    variance = sum(d**2 / part.statistic for d, part in zip(differs, parts, strict=True))
    found = log_rank(**known, group=group, stratum=stratum.tolist())
    assert found.statistic == pytest.approx(sum(differs) ** 2 / variance)


@settings(deadline=None)
@given(samples, st.integers(2, 4))
def test_events_and_those_expected_add_up_to_the_same(rows: Sample, groups: int) -> None:
    entry, exit_, outcome = (list(column) for column in zip(*rows, strict=True))
    group = [place % groups for place in range(len(rows))]
    event = [each == 1 for each in outcome]
    try:
        found = log_rank(exit=exit_, event=event, group=group, entry=entry)
    except ValueError:
        return
    assert sum(found.expected) == pytest.approx(sum(found.observed))
    assert sum(found.observed) == sum(event)
    assert found.statistic >= -1e-9
    assert 0 <= found.p <= 1
    other = log_rank(exit=exit_[::-1], event=event[::-1], group=group[::-1], entry=entry[::-1])
    assert other.statistic == pytest.approx(found.statistic, abs=1e-6)


@pytest.mark.parametrize(("group", "event"), [([1, 1, 1], [True] * 3), ([1, 1, 2], [False] * 3), ([], [])])
def test_one_group_alone_cannot_be_compared(group: list[int], event: list[bool]) -> None:
    with pytest.raises(ValueError, match="fewer than two groups"):
        log_rank(exit=range(1, 1 + len(group)), event=event, group=group)
