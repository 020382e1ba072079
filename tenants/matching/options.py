"""What a run is asked besides its cohort, recipe and seed. Kept as JSON; read and written here alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenants.matching import solver


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is to go about it; None is as usual.

    `sweeps` of the search, 0 or more. `time_limit` in seconds, after which the best found by then is proposed.
    """

    sweeps: int | None = None
    time_limit: float | None = None

    @property
    def budget(self) -> int:
        """Sweeps of the search, the usual number unless the run says another."""
        return solver.DEFAULT_BUDGET if self.sweeps is None else self.sweeps

    @property
    def words(self) -> dict[str, Any]:
        """The options as `matching_run.options` keeps them and the API shows them: those given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def options_of(words: Mapping[str, Any]) -> RunOptions:
    """The options that JSON says. TypeError for one that there is not."""
    return RunOptions(**words)
