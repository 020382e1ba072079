"""The tables of a survey, with no numbers in them: of a scale in a wave, and of how the same people changed. Pure.

Each wave is a dimension of who has a score in it, so that those of two waves are a part of those of either: what is
told of them is in one system with what is told of each wave.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tenants.outcomes.surveys.scoring import BINS, Item, Scale, changes_of_bins, range_of, step_of
from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.tables import COHORT, NO, YES, Axis, Code, CountTable

LEVEL, CHANGE, BOTH = "survey_", "change_", "both_"
"""With what the names of the tables begin."""
BETWEEN = ".."
FELL, SAME, ROSE = "fell", "same", "rose"
UNIT = "answers"


def level_of(wave: Any, scale: Scale) -> CountTable:
    """Who has a score in a wave, by the fifths of the scale's range."""
    name = f"{LEVEL}{wave.id.hex}_{scale['key']}"
    title = f"{scale['name']}: {wave.cohort}, {wave.said}"
    return CountTable(name, title, UNIT, (_fifths(name, scale, wave.items),), _within(scale, wave))


def change_of(since: Any, wave: Any, scale: Scale) -> CountTable:
    """Who has a score in both waves, by how far it fell or rose."""
    name = f"{CHANGE}{since.id.hex}_{wave.id.hex}_{scale['key']}"
    title = f"{scale['name']}: {wave.cohort}, from {since.said} to {wave.said}"
    return CountTable(name, title, UNIT, (_steps(name, scale, wave.items),), _within(scale, since, wave))


def both_of(wave: Any, other: Any, scale: Scale) -> CountTable:
    """Who has a score in a wave, by whether they have one in the other too."""
    name = f"{BOTH}{wave.id.hex}_{other.id.hex}_{scale['key']}"
    title = f"{scale['name']}: {wave.cohort}, who of {wave.said} answered in {other.said}"
    codes = (Code(YES, "Score in both"), Code(NO, f"Only in {wave.said}"))
    return CountTable(name, title, UNIT, (Axis(_in(other), other.said, codes),), _within(scale, wave))


def change_at(code: str) -> float:
    """The change that a step stands for, on the scale."""
    way, _, far = code.partition("_")
    return {FELL: -1, SAME: 0, ROSE: 1}[way] * float(far or 0)


def steps(axis: Axis) -> Sequence[str]:
    """The codes of all steps, from the furthest down to the furthest up."""
    return axis.dimension.leaves


def _in(wave: Any) -> str:
    """The dimension of who has a score in a wave."""
    return f"wave:{wave.id}"


def _within(scale: Scale, *waves: Any) -> Key:
    scored = {_in(each): YES for each in waves}
    return key_of({COHORT: str(waves[0].cohort_id), "unit": UNIT, "survey": scale["key"], **scored})


def _fifths(name: str, scale: Scale, items: Sequence[Item]) -> Axis:
    low, high = range_of(scale, items)
    ends = [low + (high - low) / BINS * place for place in range(BINS + 1)]
    codes = (Code(f"{one:g}{BETWEEN}{other:g}", f"{one:g} to {other:g}") for one, other in pairwise(ends))
    return Axis(name, scale["name"], tuple(codes))


def _steps(name: str, scale: Scale, items: Sequence[Item]) -> Axis:
    """A change of so many steps of the scale, two at most, in the order of `changes_binned`."""
    far, near = (f"{each:g}" for each in reversed(changes_of_bins(step_of(*range_of(scale, items)))[-2:]))
    codes = (
        Code(FELL, "Fell"),
        Code(f"{FELL}_{far}", f"Fell by about {far} or more", FELL),
        Code(f"{FELL}_{near}", f"Fell by about {near}", FELL),
        Code(SAME, "About the same"),
        Code(ROSE, "Rose"),
        Code(f"{ROSE}_{near}", f"Rose by about {near}", ROSE),
        Code(f"{ROSE}_{far}", f"Rose by about {far} or more", ROSE),
    )
    return Axis(name, f"Change of {scale['name']}", codes)
