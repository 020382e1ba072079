"""What groups agree on beside their charter."""

from marshmallow import fields, validate

from api.fields import Choice, Day, Prose, Schema, Text, Timestamp, Whole
from tenants.groups.charter import MOST_CHARACTERS
from tenants.groups.confirmation import AFTERWARDS, CONFIRMED, DECLINED
from tenants.groups.renewal import ANSWERS

_VERSION = {"description": "Also in the ETag; 0 while ours holds."}


class ConfirmationPut(Schema):
    """What one says of one's place. No reason is asked."""

    answer = Choice((CONFIRMED, DECLINED), required=True)
    then = Choice(
        tuple(AFTERWARDS),
        metadata={
            "description": "What one is after declining, unless in another group; waitlisted unless one says."
        },
    )


class Confirmation(Schema):
    """What one has said of one's place, and how many have confirmed theirs."""

    answer = fields.String(allow_none=True)
    said_at = Timestamp(allow_none=True)
    group_state = fields.String(
        metadata={"description": "confirmed once all who are there have confirmed, two or more."}
    )
    confirm_by = Day(allow_none=True)
    confirmed = fields.Integer(
        metadata={"description": "How many have confirmed, also if they have left since."}
    )
    members = fields.Integer()


class RenewalPut(Schema):
    """Whether one goes on."""

    answer = Choice(ANSWERS, required=True)


class MemberAnswer(Schema):
    """What a member said."""

    membership_id = fields.UUID()
    answer = fields.String()
    said_at = Timestamp()


class Renewal(Schema):
    """The renewal that members are asked about. No answer and no silence ends a group."""

    number = fields.Integer(metadata={"description": "From 1, a year after the group became active."})
    renews_on = Day(allow_none=True, metadata={"description": "None until the group is active."})
    look_back_by = Day(allow_none=True, metadata={"description": "By when the yearly retrospective is due."})
    answers = fields.List(fields.Nested(MemberAnswer))


class TurnPut(Schema):
    """Who has the role from now on."""

    membership_id = fields.UUID(required=True)


class Turn(Schema):
    """One turn in a role."""

    membership_id = fields.UUID()
    since = Timestamp()


class Rota(Schema):
    """Who has a role, and whose turn is next."""

    role = fields.String()
    membership_id = fields.UUID(allow_none=True)
    next_membership_id = fields.UUID(
        allow_none=True, metadata={"description": "Whoever had it least recently; then whoever came first."}
    )
    turns = fields.List(fields.Nested(Turn), metadata={"description": "The last ones, last first."})


class Signature(Schema):
    """That a member signed."""

    membership_id = fields.UUID()
    said_at = Timestamp()


class Signatures(Schema):
    """Who has signed a version of the charter. Only its members read it."""

    number = fields.Integer(metadata={"description": "Of the version; 0 if there is none."})
    member_count = fields.Integer(metadata={"description": "Members now."})
    signatures = fields.List(fields.Nested(Signature))


class ResponsibilitiesPut(Schema):
    """The version of the list that one has read and accepts."""

    version = Whole(required=True, most=2**31 - 1)


class Responsibilities(Schema):
    """What members take on, and who has accepted it."""

    items = fields.List(fields.String())
    version = fields.Integer()
    accepted = fields.List(fields.Nested(Signature))


class CharterTemplate(Schema):
    """An outline to write a charter from. Every part of it can be left out."""

    text = fields.String()
    version = fields.Integer(metadata=_VERSION)
    ours = fields.Boolean(metadata={"description": "Whether the program has written none of its own."})


class CharterTemplatePut(Schema):
    """The program's own outline."""

    text = Prose(most=MOST_CHARACTERS, required=True)


class ResponsibilityList(Schema):
    """What members of the program's groups take on."""

    items = fields.List(fields.String())
    version = fields.Integer(metadata=_VERSION)
    ours = fields.Boolean()


class ResponsibilityListPut(Schema):
    """The program's own list; members accept it anew."""

    items = fields.List(Text(most=300), validate=validate.Length(min=1, max=30), required=True)


class AgreementCounts(Schema):
    """How many have, whether or not they are still there; never who."""

    members = fields.Integer(metadata={"description": "Let in, and not gone."})
    confirmed = fields.Integer()
    declined = fields.Integer(metadata={"description": "Gone by declining their places."})
    silent = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Those let in who have said nothing of an announced group, once confirm_by is past; also if "
            "they have left since."
        },
    )
    signed = fields.Integer(metadata={"description": "The charter in force."})
    accepted = fields.Integer(metadata={"description": "The responsibilities as they are now."})


class Agreements(Schema):
    """How far a group has agreed: counts and days, as far as it takes to run a cohort."""

    id = fields.UUID(metadata={"description": "The group's."})
    cohort_id = fields.UUID()
    name = fields.String()
    state = fields.String()
    confirm_by = Day(allow_none=True)
    open_places = fields.Integer(
        metadata={"description": "Of those that it was formed with, those nobody holds."}
    )
    charter_version = fields.Integer(metadata={"description": "0 if there is none."})
    responsibilities_version = fields.Integer()
    renews_on = Day(allow_none=True)
    last_renewal = fields.String(
        allow_none=True,
        metadata={
            "description": "most_go_on or not_most, of the last round that has ended in a group of five or more."
        },
    )
    counts = fields.Nested(AgreementCounts)
