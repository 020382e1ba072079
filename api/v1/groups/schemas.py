"""Groups."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Day, EditableResource, Flag, PageQuery, QueryFlag, Schema, Text, Timestamp
from tenants.groups.departures import AFTERWARDS
from tenants.groups.models import FORMATS, GROUP_STATES, ORIGINS

_FORMAT = {
    "description": "dyad: two; small_group; facilitated and near_peer: with seats for facilitators or near-peers; "
    "community. Said when it is formed, by its size and its recipe or by whoever forms it, and by you; a dyad has two."
}
_REPAIR = {
    "description": "Whether it has lost somebody and no run that was accepted since has gone on from it."
}


class GroupPatch(Schema):
    """What to change of a group."""

    name = Text(most=200)
    state = Choice(
        GROUP_STATES,
        metadata={
            "description": "formed, announced, confirmed, active, paused and active again, ended; "
            "any state may be followed by ended. At its end those who are placed in it and in no other group "
            "become waitlisted, so that they can be placed again."
        },
    )
    format = Choice(FORMATS, metadata=_FORMAT)
    needs_repair = Flag(metadata=_REPAIR)


class Group(EditableResource):
    """A peer group, without anything its members say."""

    cohort_id = fields.UUID()
    matching_run_id = fields.UUID(allow_none=True)
    name = fields.String()
    origin = fields.String(metadata={"description": "matched, or self_formed by its members"})
    state = fields.String()
    format = fields.String(metadata=_FORMAT)
    needs_repair = fields.Boolean(metadata=_REPAIR)
    member_count = fields.Integer(metadata={"description": "Members who have not left."})
    opened_at = Timestamp(allow_none=True)
    group_sign_in = fields.String(
        metadata={"description": "As the program said when the group was formed; the stricter of both holds."}
    )


class GroupQuery(PageQuery):
    """Which groups."""

    cohort_id = fields.UUID(load_default=None)
    state = Choice(GROUP_STATES, load_default=None)
    format = Choice(FORMATS, load_default=None)
    needs_repair = QueryFlag(load_default=None)
    origin = Choice(ORIGINS, load_default=None)


class GroupMember(Schema):
    """Somebody who is or was in a group."""

    participant_id = fields.UUID()
    membership_id = fields.UUID()
    external_id = fields.String()
    name = fields.String(allow_none=True)
    admitted_at = Timestamp(allow_none=True)
    left_at = Timestamp(allow_none=True)


class GroupCreate(Schema):
    """A group that one forms oneself."""

    example: ClassVar = {
        "application_id": "0192f1c2-7a51-7cc0-8000-5d3c1b0a9e11",
        "name": "Writing on Mondays",
    }
    application_id = fields.UUID(
        required=True, metadata={"description": "One's own, of the cohort whose group it will be."}
    )
    name = Text(most=200, required=True)
    format = Choice(
        FORMATS,
        load_default="small_group",
        metadata={
            "description": "What it is to be. A dyad that lets in a third is a small group from then on."
        },
    )


class FormedGroup(Schema):
    """A group that one has formed, and is the first member of."""

    id = fields.UUID()
    cohort_id = fields.UUID()
    name = fields.String()
    origin = fields.String()
    state = fields.String()
    format = fields.String()


class RosterEntry(Schema):
    """Somebody who is in a group or waits to be let in, as its members see her."""

    id = fields.UUID(metadata={"description": "Of her place in the group; proposals name it."})
    membership_id = fields.UUID()
    name = fields.String(allow_none=True)
    email = fields.String(
        allow_none=True, metadata={"description": "Where she has granted the purpose contact; else null."}
    )
    admitted_at = Timestamp(allow_none=True, metadata={"description": "null: she waits to be let in."})
    paused = fields.Boolean()


class DepartureCreate(Schema):
    """What becomes of oneself. No reason is asked."""

    example: ClassVar = {"then": "wait"}
    then = Choice(
        tuple(AFTERWARDS),
        load_default="wait",
        metadata={
            "description": "wait: on the waiting list; stop: taking part no more. It counts where one is in no other "
            "group of the cohort."
        },
    )


class Departure(Schema):
    """That one has left."""

    left_at = Timestamp()


class Pause(Schema):
    """Being away: one keeps the place, and nobody waits for one, but where a newcomer is to be let in."""

    until = Day(
        required=True,
        allow_none=True,
        metadata={"description": "The day on which one is back; null: until further notice."},
    )
