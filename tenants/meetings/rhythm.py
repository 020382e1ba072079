"""When a rhythm meets: RRULEs (RFC 5545) that a group may have, and their dates on a zone's clock. Pure.

dateutil expands them. It looks on until year 9999 for the first date of a rule that has none, so only such rules are
taken as surely have one within a few decades, and none is expanded beyond a given day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import vRecur

LONGEST = 200
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_INTERVAL = {"DAILY": 60, "WEEKLY": 26, "MONTHLY": 6, "YEARLY": 1}
"""Of a greater one the days of a month may never come."""
MOST_COUNT = 1000
YEARS = (2000, 2199)
LATEST = timedelta(days=731)
"""From the first day of a rhythm to its first meeting."""
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS")
_ALONE = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS")
_TAKEN = {
    "DAILY": {"BYDAY"},
    "WEEKLY": {"BYDAY", "BYMONTH"},
    "MONTHLY": {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTHDAY", "BYMONTH"},
}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class InvalidRhythm(ValueError):
    """A rule that no group may have: `code` is stable, the message a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A date of a rhythm: `due` on its clock as the rule says, `starts_at` in UTC, `local` what the clock shows then.

    The last differs from the first where the clock leaves the time out.
    """

    due: datetime
    starts_at: datetime
    local: datetime


def moment(local: datetime, zone: str) -> datetime:
    """When a zone's clock shows this, in UTC.

    As RFC 5545, 3.3.5: what it shows twice is the first time; what it leaves out is reckoned by the offset before.
    """
    return local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def local_time(at: datetime, zone: str) -> datetime:
    """What a zone's clock shows at a moment, without an offset."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def occurrence(due: datetime, zone: str) -> Occurrence:
    """A date on a zone's clock."""
    at = moment(due, zone)
    return Occurrence(due, at, local_time(at, zone))


def usual_rule(starts: datetime, *, members: int) -> str:
    """Once a month, on the weekday of the first meeting and as many weeks into the month; two meet every other week."""
    if members == 2:
        return "FREQ=WEEKLY;INTERVAL=2"
    week = (starts.day - 1) // 7 + 1
    return f"FREQ=MONTHLY;BYDAY={week if week < 5 else -1}{DAYS[starts.weekday()]}"


def checked_rule(text: str, starts: datetime, zone: str) -> str:
    """The rule as it is kept. Raises InvalidRhythm unless it is one of ours that begins within two years."""
    if len(text) > LONGEST:
        raise InvalidRhythm("too_long", f"A rule has at most {LONGEST} characters.")
    given = _parts(text.strip().upper())
    recurrence = _recurrence(";".join(f"{name}={value}" for name, value in given.items()))
    freq = _frequency(recurrence)
    for name in sorted(set(given) - set(_ALONE) | (set(given) & {"BYSETPOS"})):
        if name not in _TAKEN[freq]:
            raise InvalidRhythm("unsupported_part", f"{name} does not go with FREQ={freq} here.")
    _check_numbers(freq, recurrence)
    _check_days(freq, recurrence, starts)
    kept = _text(recurrence)
    if next(expanded(kept, starts, zone, until=moment(starts + LATEST, zone)), None) is None:
        raise InvalidRhythm("no_occurrence", "By this rule the group never meets in the first two years.")
    return kept


def expanded(
    rule: str | None, starts: datetime, zone: str, *, until: datetime, after: datetime | None = None
) -> Iterator[Occurrence]:
    """The dates of a checked rule on the zone's clock, in order, up to `until` and, if given, only those `after`.

    Without a rule it is the first date alone.
    """
    last = local_time(until, zone)
    for due in _ruled(rule, starts, zone, last) if rule else (starts,):
        found = occurrence(due, zone)
        if found.starts_at <= until and (after is None or found.starts_at > after):
            yield found


def first(
    rule: str | None, starts: datetime, zone: str, *, until: datetime, after: datetime, most: int
) -> list[Occurrence]:
    """The first so many of `expanded`."""
    return list(islice(expanded(rule, starts, zone, until=until, after=after), most))


def _ruled(rule: str, starts: datetime, zone: str, until: datetime) -> Iterator[datetime]:
    recurrence = vRecur.from_ical(rule)
    last = _last(recurrence, zone)
    bare = vRecur({name: value for name, value in recurrence.items() if name != "UNTIL"})
    end = min(until, last) if last else until
    return takewhile(lambda due: due <= end, rrulestr(_text(bare), dtstart=starts))


def _text(recurrence: vRecur) -> str:
    text: bytes = recurrence.to_ical()  # type: ignore[no-untyped-call]
    return text.decode()


def _last(recurrence: Mapping[str, Any], zone: str) -> datetime | None:
    """UNTIL on the zone's clock; a date is meant with all of its day."""
    found = recurrence.get("UNTIL")
    if not found:
        return None
    (last,) = found
    if not isinstance(last, datetime):
        return datetime.combine(last, time.max)
    return last if last.tzinfo is None else local_time(last, zone)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if (
            not equals
            or not value
            or not all(each.isascii() and (each.isalnum() or each in ",+-") for each in value)
        ):
            raise InvalidRhythm("invalid", "Write an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=2TU.")
        if name not in PARTS:
            raise InvalidRhythm("unsupported_part", f"A rule takes these parts only: {', '.join(PARTS)}.")
        if name in parts:
            raise InvalidRhythm("invalid", f"Say {name} once.")
        parts[name] = value
    return parts


def _recurrence(text: str) -> vRecur:
    try:
        found = vRecur.from_ical(text)
    except (ValueError, KeyError, TypeError, OverflowError):
        found = None
    if not isinstance(found, vRecur):
        raise InvalidRhythm("invalid", "Write an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=2TU.")
    return found


def _frequency(recurrence: Mapping[str, Any]) -> str:
    freq = [str(each) for each in recurrence.get("FREQ", ())]
    if len(freq) != 1 or freq[0] not in _TAKEN:
        raise InvalidRhythm("frequency", "FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.")
    return freq[0]


def _check_numbers(freq: str, recurrence: Mapping[str, Any]) -> None:
    if any(len(recurrence.get(name, ())) > 1 for name in _ALONE):
        raise InvalidRhythm("invalid", "Only days and months can be several.")
    if any(str(each) not in DAYS for each in recurrence.get("WKST", ())):
        raise InvalidRhythm("invalid", "WKST is a day, such as MO.")
    if "COUNT" in recurrence and "UNTIL" in recurrence:
        raise InvalidRhythm("count_and_until", "Say COUNT or UNTIL, not both.")
    if not all(1 <= int(each) <= MOST_COUNT for each in recurrence.get("COUNT", ())):
        raise InvalidRhythm("count", f"COUNT is 1 to {MOST_COUNT}.")
    intervals = [int(each) for each in recurrence.get("INTERVAL", ())]
    if not all(1 <= each <= MOST_INTERVAL[freq] for each in intervals):
        raise InvalidRhythm("interval", f"With FREQ={freq}, INTERVAL is 1 to {MOST_INTERVAL[freq]}.")
    if max(intervals, default=1) > 1 and (
        "BYMONTH" in recurrence or (freq == "DAILY" and "BYDAY" in recurrence)
    ):
        raise InvalidRhythm(
            "interval", "INTERVAL does not go with days of the week in DAILY, nor with BYMONTH."
        )
    for last in recurrence.get("UNTIL", ()):
        if not isinstance(last, date) or not YEARS[0] <= last.year <= YEARS[1]:
            raise InvalidRhythm(
                "until", "UNTIL is a date, or a date with a time, of this century or the next."
            )


def _check_days(freq: str, recurrence: Mapping[str, Any], starts: datetime) -> None:
    days = [str(each) for each in recurrence.get("BYDAY", ())]
    numbers = [day[:-2] for day in days]
    numbered = [int(number) for number in numbers if number.strip("+-")]
    wrong = {"+", "-"} & set(numbers) or any(not 1 <= abs(each) <= 5 for each in numbered)
    if wrong or any(day[-2:] not in DAYS for day in days):
        raise InvalidRhythm("by_day", "BYDAY has days such as TU, 2TU or -1FR, the number from 1 to 5.")
    if numbered and (
        freq in ("DAILY", "WEEKLY")
        or "BYMONTHDAY" in recurrence
        or (freq == "YEARLY" and "BYMONTH" not in recurrence)
    ):
        raise InvalidRhythm("by_day", "A day with a number is one of a month, and goes without BYMONTHDAY.")
    named = [str(each) for each in recurrence.get("BYMONTH", ())]
    if 0 < len(numbered) < len(days):
        raise InvalidRhythm("by_day", "Give all days of BYDAY a number, or none.")
    months = [int(month) for month in named if month.isdecimal()]
    if len(months) < len(named) or any(not 1 <= month <= 12 for month in months):
        raise InvalidRhythm("by_month", "BYMONTH is 1 to 12.")
    of_month = [abs(int(each)) for each in recurrence.get("BYMONTHDAY", ())]
    longest = max((_LONGEST_MONTH[month - 1] for month in months), default=31)
    if of_month and not 1 <= min(of_month) <= max(of_month) <= 31:
        raise InvalidRhythm("by_month_day", "BYMONTHDAY is 1 to 31, or -1 to -31.")
    due = of_month or ([] if days or freq not in ("MONTHLY", "YEARLY") else [starts.day])
    if due and min(due) > longest:
        raise InvalidRhythm("no_occurrence", "None of these months has such a day.")
    _check_position(
        [abs(int(each)) for each in recurrence.get("BYSETPOS", ())], days, bool(numbered), bool(of_month)
    )


def _check_position(positions: list[int], days: list[str], numbered: bool, of_month: bool) -> None:
    if not positions:
        return
    if not days or numbered or of_month or not 1 <= positions[0] <= 4 * len(set(days)) + 1:
        raise InvalidRhythm(
            "by_set_pos", "BYSETPOS chooses among days of the week, such as BYDAY=MO,TU;BYSETPOS=-1."
        )
