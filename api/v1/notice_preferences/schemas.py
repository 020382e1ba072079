"""How one is written to."""

from marshmallow import fields, validate

from api.fields import Choice, Flag, Schema, Text, Whole
from tenants.notices.models import DIGESTS
from tenants.notices.planning import FURTHEST

MOST_REMINDERS = 2
HOURS = {"description": f"Hours before a meeting, at most {MOST_REMINDERS} of them; none: no reminders."}


class NoticePreferences(Schema):
    """What holds for oneself."""

    time_zone = fields.String(metadata={"description": "An IANA name; the clock that letters go by."})
    digest = fields.String(metadata={"description": "daily, weekly (on Mondays) or off"})
    digest_hour = fields.Integer(metadata={"description": "On one's own clock."})
    meeting_reminders = fields.List(fields.Integer(), metadata=HOURS)
    action_reminders = fields.Boolean(
        metadata={"description": "Whether one is reminded of what waits for oneself and ends soon."}
    )
    announcements = fields.Boolean(
        metadata={
            "description": "Whether a digest says what is new on the board and announced, and a letter tells of each "
            "announcement."
        }
    )
    version = fields.Integer(metadata={"description": "Also in the ETag; 0: one has said nothing."})


class NoticePreferencesPatch(Schema):
    """What one wants to be otherwise."""

    time_zone = Text(
        most=64,
        allow_none=True,
        metadata={
            "description": "An IANA name, kept as it is written; null: that in which one said when one is free, else "
            "one's cohort's."
        },
    )
    digest = Choice(DIGESTS)
    digest_hour = Whole(most=23)
    meeting_reminders = fields.List(
        Whole(least=1, most=FURTHEST), validate=validate.Length(max=MOST_REMINDERS), metadata=HOURS
    )
    action_reminders = Flag()
    announcements = Flag()
