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
class KeepGroups:
    """Go on from the cohort's living groups, or from those named: repair them, and let newcomers join. Runs of old
    that named none have an empty tuple in place of None.

    `max_moves` is how many people may change groups at most. With a `price`, in units of one member's
    affinity, each who does costs it; without, as few as possible do.
    """

    max_moves: int | None = None
    price: float | None = None
    group_ids: tuple[UUID, ...] | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A participant is to be in the group at this position of a proposal, counted from 1; in none if None."""

    participant_id: UUID
    position: int | None


@dataclass(frozen=True, slots=True)
class Adjust:
    """Change what another run proposes: after the `moves` its groups are as given or, where some participants
    are `locked` into theirs, found anew around these."""

    matching_run_id: UUID
    moves: tuple[Move, ...] = ()
    locked: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is to go about it; None is as usual.

    `sweeps` of the search, 0 or more. `time_limit` in seconds, after which the best found by then is proposed.
    """

    sweeps: int | None = None
    time_limit: float | None = None
    randomise: Randomise | None = None
    arm: LaterStart | None = None
    keep_groups: KeepGroups | None = None
    adjust: Adjust | None = None

    @property
    def budget(self) -> int:
        """Sweeps of the search, the usual number unless the run says another."""
        return solver.DEFAULT_BUDGET if self.sweeps is None else self.sweeps

    @property
    def words(self) -> dict[str, Any]:
        """The options as `matching_run.options` keeps them and the API shows them: those given."""
        return asdict(self, dict_factory=_given)


def options_of(words: Mapping[str, Any]) -> RunOptions:
    """The options that a request or `matching_run.options` says. TypeError for one that there is not.

    Half of the people are in the first arm of a waitlist that says no share.
    """
    given = dict(words)
    if draw := given.get("randomise"):
        share = draw.get("share", EVEN if draw["design"] == "waitlist" else None)
        given["randomise"] = Randomise(**{**draw, "strata": tuple(draw.get("strata", ())), "share": share})
    if later := given.get("arm"):
        given["arm"] = LaterStart(_uuid(later["matching_run_id"]), later["arm"])
    if (keep := given.get("keep_groups")) is not None:
        named = keep.get("group_ids")
        given["keep_groups"] = KeepGroups(
            **{**keep, "group_ids": None if named is None else _uuids(named)},
        )
    if adjust := given.get("adjust"):
        moves = (Move(_uuid(each["participant_id"]), each["position"]) for each in adjust.get("moves", ()))
        given["adjust"] = Adjust(_uuid(adjust["matching_run_id"]), tuple(moves), _uuids(adjust.get("locked")))
    return RunOptions(**given)


def _uuid(value: UUID | str) -> UUID:
    return UUID(str(value))


def _uuids(values: Any) -> tuple[UUID, ...]:
    return tuple(map(_uuid, values or ()))


def _given(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Nothing is said of what is None; but no position is a place, too."""
    return {name: _plain(value) for name, value in pairs if name == "position" or value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, UUID) else value
