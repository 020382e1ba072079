"""Whether groups differ in the time to an outcome."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from tenants.reporting.survival import Floats

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LogRank:
    """The statistic, its degrees of freedom, and the chance of one at least as large where the curves do not
    differ. observed and expected: the events of each group, in the order in which the groups first appear."""

    statistic: float
    df: int
    p: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]


def log_rank(
    *,
    exit: Sequence[float] | Floats,  # noqa: A002 - the field's word, and keyword-only
    event: Sequence[bool] | Bools,
    group: Sequence[Hashable],
    stratum: Sequence[Hashable] | None = None,
    entry: Sequence[float] | Floats | None = None,
) -> LogRank:
    """The log-rank test of two groups or more, of equal weight at all times (Mantel 1966), within strata where
    there are any. One element per person; late joiners are at risk only after their entry.

    A group in which no event is expected takes no part and costs a degree of freedom, as in R's survdiff.
    Everybody counts as independent of everybody else: among people in peer groups differences are found too
    often (`comparison` is for those). Raises ValueError where fewer than two groups can be compared.
    """
    exits, happened = np.asarray(exit, dtype=float), np.asarray(event, dtype=bool)
    entries = np.full(len(exits), -np.inf) if entry is None else np.asarray(entry, dtype=float)
    groups, strata = _numbered(group), _numbered(stratum if stratum is not None else [0] * len(exits))
    number = int(groups.max(initial=-1)) + 1
    observed, expected, variance = np.zeros(number), np.zeros(number), np.zeros((number, number))
    for each in np.unique(strata):
        within = strata == each
        found = _of_stratum(entries[within], exits[within], happened[within], groups[within], number)
        observed, expected, variance = observed + found[0], expected + found[1], variance + found[2]
    compared = np.flatnonzero(expected > 0)
    if len(compared) < 2:
        raise ValueError("fewer than two groups are ever at risk of the event")
    # The differences sum to 0, so that one of them says nothing of its own.
    free = compared[1:]
    differs = (observed - expected)[free]
    try:
        statistic = float(differs @ np.linalg.solve(variance[np.ix_(free, free)], differs))
    except np.linalg.LinAlgError as singular:
        raise ValueError("a group is never at risk together with another") from singular
    df = len(free)
    counts = tuple(int(each) for each in observed)
    return LogRank(statistic, df, float(chdtrc(df, statistic)), counts, tuple(expected.tolist()))


def _of_stratum(
    entries: Floats, exits: Floats, happened: Bools, groups: npt.NDArray[np.int64], number: int
) -> tuple[Floats, Floats, Floats]:
    """Events by group, those expected if the groups do not differ, and the covariance: hypergeometric at each time."""
    time = np.unique(exits[happened])
    events, at_risk = np.zeros((number, len(time))), np.zeros((number, len(time)))
    for each in range(number):
        member = groups == each
        events[each] = np.bincount(np.searchsorted(time, exits[member & happened]), minlength=len(time))
        began = np.searchsorted(np.sort(entries[member]), time, "left")
        at_risk[each] = began - np.searchsorted(np.sort(exits[member]), time, "left")
    everybody, all_events = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / everybody
    # With one person at risk nothing can vary.
    spread = all_events * (everybody - all_events) / np.maximum(everybody - 1, 1)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T
    return events.sum(axis=1), share @ all_events, covariance


def _numbered(labels: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    number = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return np.array([number[label] for label in labels], dtype=np.int64)
