"""The one place that asks for the time, so that a test can say what time it is."""

from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)


def latest_today() -> date:
    """The day that it is where the day begins first: no day after it has begun anywhere."""
    return (now() + timedelta(hours=14)).date()
