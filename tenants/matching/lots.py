"""Who is in a run's pool and, in a randomised run, who of them starts when."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.matching import solver
from tenants.matching.options import Randomise
from tenants.matching.randomising import ALGORITHM, digest, draw, stratum_of
from tenants.matching.solver.model import Locked, Together


@dataclass(frozen=True)
class Roster:
    """People in a fixed order, their external ids, and their values by attribute key."""

    people: list[UUID]
    external_ids: list[str]
    values: Mapping[str, list[Any]]

    def only(self, kept: Sequence[int]) -> "Roster":
        """Those at these places."""
        return Roster(
            [self.people[place] for place in kept],
            [self.external_ids[place] for place in kept],
            {key: [column[place] for place in kept] for key, column in self.values.items()},
        )


@dataclass(frozen=True)
class Lots:
    """The arm, of so many, and the stratum of everybody who was drawn, by participant; how it was drawn, and a
    digest of what from."""

    arms: int
    arm_of: Mapping[UUID, int]
    stratum_of: Mapping[UUID, str | None]
    made: Mapping[str, str]

    @property
    def later(self) -> list[UUID]:
        """Those who do not start now."""
        return [person for person, arm in self.arm_of.items() if arm > 1]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each arm: arm_1, arm_2 and so on."""
        found = Counter(self.arm_of.values())
        return {f"arm_{arm}": found[arm] for arm in range(1, self.arms + 1)}


def draw_lots(roster: Roster, asked: Randomise, recipe: solver.Recipe, seed: int) -> Lots:
    """Draw everybody into an arm; those whom the recipe keeps together into the same."""
    strata = [
        stratum_of({key: roster.values[key][place] for key in asked.strata})
        for place in range(len(roster.people))
    ]
    people, together = roster.people, _together(roster, recipe)
    drawn = draw(people, strata, together, arms=asked.arms, share=asked.share, seed=seed)
    made = {
        "algorithm": ALGORITHM,
        "input_sha256": digest(people, strata, together, arms=asked.arms, share=asked.share),
    }
    arm_of, of_strata = dict(zip(people, drawn, strict=True)), dict(zip(people, strata, strict=True))
    return Lots(asked.arms, arm_of, of_strata, made)


def _together(roster: Roster, recipe: solver.Recipe) -> list[list[int]]:
    at = {external_id: place for place, external_id in enumerate(roster.external_ids)}
    named: list[Sequence[str]] = []
    for rule in recipe.rules:
        if isinstance(rule, Together):
            named += [*rule.pairs, *rule.lists]
        elif isinstance(rule, Locked):
            named += rule.lists
    return [[at[each] for each in ids if each in at] for ids in named]
