"""The one place that asks for the time, so that a test can say what time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment in UTC."""
    return datetime.now(UTC)
