"""Groups."""

from marshmallow import fields

from api.fields import Choice, EditableResource, Flag, PageQuery, QueryFlag, Schema, Text, Timestamp
from tenants.groups.models import FORMATS, GROUP_STATES

_FORMAT = {
    "description": "dyad: two; small_group; facilitated and near_peer: with seats for facilitators or near-peers; "
    "community. Said when it is formed, by its size and its recipe, and by you."
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


class GroupMember(Schema):
    """Somebody who is or was in a group."""

    participant_id = fields.UUID()
    membership_id = fields.UUID()
    external_id = fields.String()
    name = fields.String(allow_none=True)
    admitted_at = Timestamp(allow_none=True)
    left_at = Timestamp(allow_none=True)
