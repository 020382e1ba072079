"""What a run is asked besides its cohort, recipe and seed. Kept as JSON; read and written here alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from tenants.matching import solver

EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Randomise:
    """Draw the pool into `arms`, of whom the first starts now.

    `design` is "waitlist" (two arms, `share` in (0, 1) of the people in the first) or "staggered" (equal arms).
    `strata` are keys of attributes within whose values the arms are balanced.
    """

    design: str
    arms: int = 2
    strata: tuple[str, ...] = ()
    share: float | None = None


@dataclass(frozen=True, slots=True)
class LaterStart:
    """Place those whom an accepted randomised run drew into this arm."""

    matching_run_id: UUID
    arm: int


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is to go about it; None is as usual.

    `sweeps` of the search, 0 or more. `time_limit` in seconds, after which the best found by then is proposed.
    """

    sweeps: int | None = None
    time_limit: float | None = None
    randomise: Randomise | None = None
    arm: LaterStart | None = None

    @property
    def budget(self) -> int:
        """Sweeps of the search, the usual number unless the run says another."""
        return solver.DEFAULT_BUDGET if self.sweeps is None else self.sweeps

    @property
    def words(self) -> dict[str, Any]:
        """The options as `matching_run.options` keeps them and the API shows them: those given."""
        words = asdict(self, dict_factory=_given)
        if self.arm is not None:
            words["arm"]["matching_run_id"] = str(self.arm.matching_run_id)
        return words


def options_of(words: Mapping[str, Any]) -> RunOptions:
    """The options that a request or `matching_run.options` says. TypeError for one that there is not.

    Half of the people are in the first arm of a waitlist that says no share.
    """
    given = dict(words)
    if draw := given.get("randomise"):
        share = draw.get("share", EVEN if draw["design"] == "waitlist" else None)
        given["randomise"] = Randomise(**{**draw, "strata": tuple(draw.get("strata", ())), "share": share})
    if later := given.get("arm"):
        given["arm"] = LaterStart(UUID(str(later["matching_run_id"])), later["arm"])
    return RunOptions(**given)


def _given(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in pairs if value is not None
    }
