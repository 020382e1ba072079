"""The tables of the time to a major award: who is followed, when that began and ended, and how."""

from dataclasses import dataclass
from functools import cached_property

from tenants.reporting.counting import Rows
from tenants.reporting.metrics.careers_sql import APART, AWARD, END, FOLLOWED, LEFT, NONE, UNDATED
from tenants.reporting.metrics.clocks import Clock
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import Axis, Code
from tenants.reporting.years import ENTRIES, EXITS, MOST_YEARS, START, merging

FACTS, NOT_FOLLOWED, NO_AWARD = "fact_careers", "apart", "no_award"
TABLES = EXIT_TABLE, ENTRY_TABLE, UNDATED_TABLE = "exits", "entries", "undated_entries"
"""Those that curves are drawn of."""
CURVE = "awards"
_MERGING = merging(MOST_YEARS)


@dataclass(frozen=True)
class AwardTables:
    """What is counted by one clock; its axes are named for it."""

    clock: Clock

    @cached_property
    def follow_up(self) -> Axis:
        """Everybody, by whether they are in the curve, or why not."""
        before = [self.clock.apart] if self.clock.apart else []
        # Together, as those for whom it is one reason are often too few to be shown, and would hide who is followed.
        codes = (Code(FOLLOWED, "Followed"), Code(NOT_FOLLOWED, "Not in the curve"))
        why = (Code(code, words, NOT_FOLLOWED) for code, words in (*before, *APART.items()))
        return Axis(
            self._name("award_follow_up"), "In the curve, or why not", (*codes, *why), dear=(FOLLOWED,)
        )

    @cached_property
    def outcomes(self) -> Axis:
        """Those who are followed, by how that ended."""
        codes = (
            Code(AWARD, "An award"),
            # Together, as those who leave are often too few to be shown: then the end of observation covers them.
            Code(NO_AWARD, "No award"),
            Code(LEFT, "Leaving research", NO_AWARD),
            Code(END, "The end of observation", NO_AWARD),
            Code(NONE, "No award known", END),
            Code(UNDATED, "An award known, but not its date", END),
        )
        return Axis(self._name("award_outcome"), "Follow-up ended with", codes, dear=(AWARD, NO_AWARD))

    @cached_property
    def exits(self) -> Axis:
        """By when it ended."""
        title = f"Years from {self.clock.start} to the end of follow-up"
        return Axis(self._name("award_exit"), title, EXITS, dear=_MERGING)

    @cached_property
    def entries(self) -> Axis:
        """By when it began."""
        return self._entries("award_entry")

    @cached_property
    def undated_entries(self) -> Axis:
        """The same, of those whose award is known, but not its date."""
        return self._entries("undated_award_entry")

    @property
    def followed(self) -> str:
        """The facts of those who are."""
        return f"(SELECT * FROM {FACTS} WHERE {self.follow_up.name} = '{FOLLOWED}') f"  # noqa: S608 - constants

    @property
    def rows(self) -> tuple[Rows, ...]:
        """What is counted."""
        undated = (
            f"(SELECT membership_id, {self.entries.name} AS {self.undated_entries.name} FROM {self.followed}"  # noqa: S608
            f" WHERE {self.outcomes.name} = '{UNDATED}') f"
        )
        followed = {self.follow_up.name: FOLLOWED}
        within, unknown = key_of(followed), key_of({**followed, self.outcomes.name: UNDATED})
        title = "Beginning of follow-up of those whose award is known, but not its date"
        return (
            Rows("follow_up", "People by follow-up", "people", FACTS, (self.follow_up,)),
            Rows(
                EXIT_TABLE,
                "End of follow-up",
                "people",
                self.followed,
                (self.exits, self.outcomes),
                within,
                curve=CURVE,
            ),
            Rows(
                ENTRY_TABLE,
                "Beginning of follow-up",
                "people",
                self.followed,
                (self.entries,),
                within,
                curve=CURVE,
            ),
            Rows(UNDATED_TABLE, title, "people", undated, (self.undated_entries,), unknown, curve=CURVE),
        )

    def _entries(self, name: str) -> Axis:
        title = f"Years from {self.clock.start} to the beginning of follow-up"
        return Axis(self._name(name), title, ENTRIES, dear=(START, *_MERGING))

    def _name(self, name: str) -> str:
        return f"{name}{self.clock.suffix}"
