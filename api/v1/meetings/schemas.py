"""When groups meet."""

from typing import ClassVar

from marshmallow import fields, validate

from api.fields import (
    Choice,
    EditableResource,
    Flag,
    Link,
    PageQuery,
    QueryWhole,
    Schema,
    Text,
    Timestamp,
    Whole,
)
from api.group_words import Sealed
from api.local_time import LocalTime
from tenants.meetings.models import SERIES_KINDS
from tenants.meetings.rhythm import LONGEST

SHORTEST, USUAL, MOST_MINUTES = 15, 60, 480
MEETING_STATES = ("planned", "moved", "skipped", "cancelled", "held")
STATES = "planned, moved, skipped, cancelled, or held: it was to be, and its time is over"
ZONE = {"description": "An IANA name such as America/Chicago; it is kept as you write it."}
LINK = {"description": "For members only; whoever is let in later sees it too."}


class WhenAndWhere(Schema):
    """What can be said of a meeting or a series."""

    starts_at_local = LocalTime(metadata={"description": "On the clock of the time zone."})
    time_zone = Text(most=64, metadata=ZONE)
    minutes = Whole(least=SHORTEST, most=MOST_MINUTES)
    in_person = Flag()
    join_link = Link(most=1000, allow_none=True, metadata=LINK)
    place = Text(most=200, allow_none=True, metadata={"description": "As the link, for members only."})


class MeetingSeriesCreate(WhenAndWhere):
    """A rhythm."""

    example: ClassVar = {
        "rrule": "FREQ=MONTHLY;BYDAY=2TU",
        "starts_at_local": "2027-03-09T10:00:00",
        "time_zone": "America/Chicago",
        "join_link": "https://video.example/amberbay",
    }
    kind = Choice(SERIES_KINDS, load_default="regular")
    rrule = Text(
        most=LONGEST,
        allow_none=True,
        load_default=None,
        metadata={
            "description": "RFC 5545, from daily to yearly. Left out: each month on that weekday; "
            "every other week for a group of two."
        },
    )
    starts_at_local = LocalTime(
        required=True, metadata={"description": "The first date, on the zone's clock."}
    )
    time_zone = Text(most=64, required=True, metadata=ZONE)
    minutes = Whole(least=SHORTEST, most=MOST_MINUTES, load_default=USUAL)
    in_person = Flag(load_default=False)


class MeetingSeriesPatch(WhenAndWhere):
    """What to change of a rhythm, from now on."""

    rrule = Text(most=LONGEST, allow_none=True, metadata={"description": "null: the usual one."})


class ListedSeries(EditableResource):
    """A rhythm, without where it meets."""

    kind = fields.String()
    rrule = fields.String(allow_none=True, metadata={"description": "null: one meeting only"})
    starts_at_local = LocalTime()
    time_zone = fields.String()
    minutes = fields.Integer()
    in_person = fields.Boolean()


class MeetingSeries(ListedSeries):
    """A rhythm in which a group meets."""

    join_link = Sealed("meeting_link")
    place = Sealed("meeting_link")


class MeetingCreate(WhenAndWhere):
    """A single meeting."""

    example: ClassVar = {"starts_at_local": "2027-03-16T10:00:00", "time_zone": "America/Chicago"}
    starts_at_local = LocalTime(required=True)
    time_zone = Text(most=64, required=True, metadata=ZONE)
    minutes = Whole(least=SHORTEST, most=MOST_MINUTES, load_default=USUAL)
    in_person = Flag(load_default=False)


class MeetingPatch(WhenAndWhere):
    """What to change of one meeting."""

    state = Choice(("planned", "skipped", "cancelled"), metadata={"description": "planned: restore it"})
    guest_count = Whole(
        most=50, metadata={"description": "Advisors who are there for this meeting only; also afterwards."}
    )


class ListedMeeting(EditableResource):
    """A meeting, without where it is."""

    meeting_series_id = fields.UUID(allow_none=True, metadata={"description": "null: on its own"})
    starts_at = Timestamp()
    starts_at_local = LocalTime()
    time_zone = fields.String()
    minutes = fields.Integer()
    state = fields.String(metadata={"description": STATES})
    sequence = fields.Integer(metadata={"description": "Rises with each change that calendars show."})
    in_person = fields.Boolean()
    attended_count = fields.Integer(metadata={"description": "Members who said that they were there."})
    guest_count = fields.Integer()
    attended = fields.Boolean(allow_none=True, metadata={"description": "What one said of oneself."})


class Meeting(ListedMeeting):
    """A meeting of a group."""

    join_link = Sealed("meeting_link")
    place = Sealed("meeting_link")


class MeetingQuery(PageQuery):
    """Which meetings."""

    since = Timestamp(load_default=None, metadata={"description": "Those that begin then or later."})
    until = Timestamp(load_default=None, metadata={"description": "Those that begin before."})
    state = Choice(MEETING_STATES, load_default=None)


class MyMeeting(Schema):
    """A meeting of one of her groups: when it is, and nothing of what it is about."""

    id = fields.UUID()
    group_id = fields.UUID()
    starts_at = Timestamp()
    starts_at_local = LocalTime()
    time_zone = fields.String()
    minutes = fields.Integer()
    state = fields.String(metadata={"description": STATES})
    in_person = fields.Boolean()
    url = fields.String(metadata={"description": "Where the group meets; she signs in there as herself."})


class Attendance(Schema):
    """Whether she was there."""

    attended = Flag(required=True)
    attended_count = fields.Integer(dump_only=True, metadata={"description": "Of all members."})


class OwnAttendance(Schema):
    """What she says of herself; nobody else reads it."""

    attended = fields.Boolean(allow_none=True, metadata={"description": "null: she has said nothing."})
    attended_count = fields.Integer(metadata={"description": "Of all members."})


class AttendedQuery(PageQuery):
    """Which meetings."""

    since = Timestamp(load_default=None, metadata={"description": "Those that began then or later."})
    until = Timestamp(load_default=None, metadata={"description": "Those that began before."})


class AttendedMeeting(Schema):
    """A meeting at which she says that she was."""

    id = fields.UUID(metadata={"description": "Of the meeting."})
    group_id = fields.UUID()
    starts_at = Timestamp()
    starts_at_local = LocalTime()
    time_zone = fields.String()
    minutes = fields.Integer()
    in_person = fields.Boolean()


class PastMeeting(Schema):
    """A meeting that was: when, and how many came."""

    starts_at = Timestamp()
    attended_count = fields.Integer()
    guest_count = fields.Integer()


class Activity(Schema):
    """What the tenant may know of a group's meetings."""

    held_count = fields.Integer()
    next_starts_at = Timestamp(allow_none=True)
    meetings = fields.List(
        fields.Nested(PastMeeting), metadata={"description": "The last hundred that were, the latest first."}
    )


class SlotQuery(Schema):
    """How long."""

    minutes = QueryWhole(load_default=USUAL, validate=validate.Range(min=SHORTEST, max=MOST_MINUTES))


class LocalSlot(Schema):
    """A slot as a member's clock shows it the next time."""

    time_zone = fields.String()
    day = fields.String()
    start = fields.String()
    end = fields.String()


class Slot(LocalSlot):
    """A time of the week when members are free all through the coming year."""

    next_starts_at = Timestamp()
    can_count = fields.Integer(metadata={"description": "How many of them can."})
    member_count = fields.Integer(metadata={"description": "Of how many who are there and not paused."})
    local_times = fields.List(fields.Nested(LocalSlot))


class Slots(Schema):
    """The best first."""

    slots = fields.List(fields.Nested(Slot))


class SlotProposal(Slots):
    """Other slots, where the last two meetings were missed."""

    reason = fields.String(
        allow_none=True,
        metadata={"description": "group_missed, member_missed, or null: then no slots are proposed"},
    )


class CalendarInvitations(Schema):
    """Whether she is invited to her group's meetings by mail."""

    wanted = Flag(required=True)
