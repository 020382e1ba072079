"""From what day on the years to a major award are counted. Pure."""

from dataclasses import dataclass

K_AWARDS = ("K01", "K07", "K08", "K12", "K22", "K23", "K25", "K43", "K76", "K99")
"""Activity codes of career development awards."""


@dataclass(frozen=True)
class Clock:
    """``id``      a part of the metric's id.
    ``start``   what it runs from, and ``short``, where little is said of it.
    ``told``    what is to be known to read it.
    ``suffix``  what its axes' names end with: the same name is the same question.
    ``zero``    SQL of the day, over `e`, somebody's career events, and `counted`; NULL where there is none.
    ``before``  SQL: whether an award is said to be older, whatever its date.
    ``older``   what is done about these and others before it, in the metric's id.
    ``apart``   the code of those who have no such day, if there are any, and what that means.
    """

    id: str
    start: str
    short: str
    told: str
    suffix: str
    zero: str
    before: str
    older: str
    apart: tuple[str, str] | None = None


FIRST_K = Clock(
    id="since_first_k",
    start="the first K award",
    short="first K award",
    told=f"the first dated K award ({', '.join(K_AWARDS)})",
    suffix="",
    zero="min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:k) AND e.date <= :as_of)",
    before="e.before_first_k",
    older="before_k_apart",
    apart=("no_first_k", "No dated K award"),
)
JOINING = Clock(
    id="since_joining",
    start="joining the program",
    short="joining the program",
    told="the day on which they first joined the program, as it was entered here",
    suffix="_since_joining",
    zero="min(counted.joined_on)",
    # One that has a date is held against that: whoever has it may have no K award.
    before="(e.before_first_k AND e.date IS NULL)",
    older="before_joining_apart",
)
