"""Oneself."""

from marshmallow import fields, validate

from api.fields import Choice, Email, Flag, Key, Object, PageQuery, QueryFlag, Schema, Text, Timestamp
from api.v1.programs.schemas import AttributeLevel
from tenants.groups.models import GROUP_STATES
from tenants.matching.wishes import MOST_NAMES


class MyRole(Schema):
    """A role that one holds now."""

    role = fields.String()
    program_id = fields.UUID(allow_none=True)
    cohort_id = fields.UUID(allow_none=True)
    expires_at = Timestamp(allow_none=True)


class MyMembership(Schema):
    """A tenant that one is a member of."""

    tenant_id = fields.UUID()
    slug = fields.String()
    name = fields.String()


class Me(Schema):
    """Whoever the token acts for, as this tenant knows her."""

    id = fields.UUID(metadata={"description": "Of the membership: what this tenant's resources refer to."})
    name = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    chosen_name = fields.String(allow_none=True, metadata={"description": "Outranks the roster's."})
    chosen_email = fields.String(allow_none=True, metadata={"description": "Outranks the roster's."})
    external_id = fields.String()
    personal = fields.Boolean(
        metadata={"description": "Signed in as herself, and not as whom an institution says she is."}
    )
    groups_locked = fields.Boolean(
        metadata={"description": "Her groups open to her own sign-in only, whatever their programs say."}
    )
    roles = fields.List(fields.Nested(MyRole))
    memberships = fields.List(
        fields.Nested(MyMembership),
        metadata={"description": "All of hers, where she signed in as herself; else this one."},
    )
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class MePatch(Schema):
    """What she says of herself; null lets the roster's go again."""

    chosen_name = Text(most=200, allow_none=True)
    chosen_email = Email(allow_none=True)
    groups_locked = Flag(metadata={"description": "Only she who signed in as herself can change it."})


class MySession(Schema):
    """Where she is signed in with a browser."""

    id = fields.UUID()
    connection_id = fields.UUID(allow_none=True, metadata={"description": "null: as herself."})
    created_at = Timestamp()
    expires_at = Timestamp()


class MyAuthorization(Schema):
    """What she lets a client do for her."""

    id = fields.UUID()
    client_name = fields.String()
    first_party = fields.Boolean()
    scopes = fields.List(fields.String())
    created_at = Timestamp()
    expires_at = Timestamp()


class SignOut(Schema):
    """How much was ended."""

    ended = fields.Integer(metadata={"description": "Browser sessions and authorizations of clients."})


class MyGroupQuery(PageQuery):
    """Which of her groups."""

    state = Choice(GROUP_STATES, load_default=None)
    left = QueryFlag(
        load_default=False,
        metadata={"description": "true: those that she was in and has left, where her own words still are."},
    )


class MyGroupPatch(Schema):
    """What members do with their group themselves."""

    name = Text(most=200, metadata={"description": "The tenant sees it too."})
    state = Choice(
        ("active", "paused", "ended"),
        metadata={
            "description": "An active group may be paused and a paused one be active again, by any member. One of them "
            "ends it once all the others in it have said stop in the renewal that is asked about now."
        },
    )


class MyGroup(Schema):
    """A group that she is in, or was: that it is, and nothing of what it says."""

    id = fields.UUID()
    name = fields.String()
    state = fields.String()
    format = fields.String()
    cohort_id = fields.UUID()
    origin = fields.String(metadata={"description": "matched, or self_formed by its members"})
    member_count = fields.Integer(allow_none=True, metadata={"description": "null: she has left."})
    admitted_at = Timestamp(
        allow_none=True, metadata={"description": "null: its members have not let her in yet."}
    )
    left_at = Timestamp(allow_none=True)
    paused = fields.Boolean(metadata={"description": "Whether she is away and keeps her place."})
    paused_until = fields.Date(allow_none=True)
    url = fields.String(
        allow_none=True,
        metadata={"description": "Where the group meets; she signs in there as herself. null: she has left."},
    )
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class MyReader(Schema):
    """Somebody who can read one kind of thing about her."""

    kind = fields.String(metadata={"description": "A kind of thing about her; see its description."})
    description = fields.String()
    by = fields.String(metadata={"description": "self, role, client (of the tenant) or group_member"})
    role = fields.String(allow_none=True)
    name = fields.String(allow_none=True, metadata={"description": "Of the person, or of the client."})
    program_name = fields.String(
        allow_none=True, metadata={"description": "Of the program that the role is limited to."}
    )
    cohort_name = fields.String(
        allow_none=True, metadata={"description": "Of the cohort that the role is limited to."}
    )
    group_name = fields.String(allow_none=True, metadata={"description": "Of the group that both are in."})
    expires_at = Timestamp(allow_none=True, metadata={"description": "When the role ends."})


class MyApplication(Schema):
    """A cohort that she takes part in or could."""

    id = fields.UUID(metadata={"description": "Of the participant."})
    cohort_id = fields.UUID()
    cohort_name = fields.String()
    program_name = fields.String()
    state = fields.String()
    state_since = Timestamp()
    next = fields.String(
        allow_none=True,
        metadata={"description": "opens or closes (when she can answer), announced, kick_off or ends"},
    )
    next_date = fields.Date(allow_none=True)


class MyAnswersPatch(Schema):
    """What she answers. What is not named stays."""

    attributes = Object(
        most=200,
        keys=Key(),
        values=fields.Raw(allow_none=True),
        metadata={"description": "Values by attribute key; null takes an answer back."},
    )
    declined = fields.List(
        Key(),
        validate=validate.Length(max=200),
        metadata={"description": "Keys of demographic attributes that she does not want to answer."},
    )


class MyQuestion(Schema):
    """Something that she may answer."""

    key = fields.String()
    label = fields.String()
    kind = fields.String()
    open = fields.Boolean(metadata={"description": "Whether other values than the levels are taken."})
    required = fields.Boolean()
    answered_by = fields.String(metadata={"description": "person: she alone; either: the roster as well."})
    declinable = fields.Boolean(metadata={"description": "Whether she may decline to answer."})
    parent = fields.String(allow_none=True)
    levels = fields.List(fields.Nested(AttributeLevel))


class MyAnswers(Schema):
    """What is known of her as far as she may answer it."""

    questions = fields.List(fields.Nested(MyQuestion))
    attributes = fields.Dict(metadata={"description": "What is answered, by key."})
    declined = fields.List(fields.String())
    missing = fields.List(fields.String(), metadata={"description": "Keys of what is required still."})
    open = fields.Boolean(metadata={"description": "Whether answers are taken now."})
    answer_by = Timestamp(
        allow_none=True, metadata={"description": "From then on no answer is taken; null: no end is set."}
    )
    version = fields.Integer(metadata={"description": "Also in the ETag."})


class MySeparations(Schema):
    """Whom she does not want to be in a group with."""

    names = fields.List(
        Text(most=254),
        required=True,
        validate=validate.Length(max=MOST_NAMES),
        metadata={"description": "E-mail addresses or external ids, as she wrote them."},
    )
