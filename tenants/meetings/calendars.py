"""Meetings as iCalendar (RFC 5545): one event each, which says when it is and how to join, and nothing of the group.

Each meeting is an event of its own and none repeats: so every client shows a moved or cancelled one as it is, and a
change of the rhythm leaves alone what has been. The event's UID is the meeting's id.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vDuration

from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now

TYPE = "text/calendar"
SUMMARY = "Peer group"
PRODUCT = "-//Peerloom//Peerloom//EN"
REFRESHED_EVERY = timedelta(hours=6)


def feed(meetings: Sequence[Any], links: dict[Any, str | None]) -> bytes:
    """What a calendar program that subscribed is given: these meetings, with their links by id."""
    made = _calendar("PUBLISH")
    made.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(REFRESHED_EVERY))
    for meeting in meetings:
        made.add_component(_event(meeting, links.get(meeting.id)))
    return _written(made, meetings)


def message(method: str, meeting: Any, link: str | None, *, organizer: Mailbox, attendee: Mailbox) -> bytes:
    """An iTIP message (RFC 5546) that invites one person to a meeting (REQUEST) or takes it back (CANCEL).

    It is stamped with the moment: of two of one SEQUENCE calendars keep the later one.
    """
    made = _calendar(method)
    event = _event(meeting, link if method == "REQUEST" else None, at=now())
    event.add("organizer", vCalAddress(f"mailto:{organizer.address}"))
    invited = vCalAddress(f"mailto:{attendee.address}")
    if method == "REQUEST":
        invited.params["PARTSTAT"] = "NEEDS-ACTION"
        invited.params["RSVP"] = "FALSE"
    event.add("attendee", invited)
    made.add_component(event)
    return _written(made, [meeting])


def _calendar(method: str) -> Calendar:
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", PRODUCT)
    made.add("method", method)
    return made


def _event(meeting: Any, link: str | None, *, at: datetime | None = None) -> Event:
    event = Event()
    event.add("uid", str(meeting.id))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", at or meeting.updated_at)
    event.add("dtstart", _shown(meeting))
    event.add("duration", timedelta(minutes=meeting.minutes))
    event.add("summary", SUMMARY)
    event.add("class", "PRIVATE")
    event.add("status", "CONFIRMED" if meeting.state in ("planned", "moved", "held") else "CANCELLED")
    if link:
        event.add("url", link)
    return event


def _shown(meeting: Any) -> datetime:
    at: datetime = meeting.starts_at
    return at.astimezone(ZoneInfo(meeting.time_zone))


def _written(made: Calendar, meetings: Sequence[Any]) -> bytes:
    if meetings:
        dates = [meeting.starts_at.date() for meeting in meetings]
        year = timedelta(days=366)
        made.add_missing_timezones(first_date=min(dates) - year, last_date=max(dates) + year)
    written: bytes = made.to_ical()
    return written
