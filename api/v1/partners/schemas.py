"""Partners: hosts, nominations and guests."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Email, PageQuery, Prose, Schema, Text, Timestamp
from tenants.cohorts.partner_models import ANSWERS
from tenants.cohorts.partners import OPEN

STATES = (OPEN, *ANSWERS)
_STATE = {"description": "invited, accepted, declined or ended"}


class PartnerInvitationCreate(Schema):
    """Another tenant to invite."""

    example: ClassVar = {
        "partner": "invented-university",
        "cohort_id": "018f2b6e-0000-7000-8000-000000000001",
        "message": "Three places for your early-career faculty (invented).",
    }
    partner = Text(
        most=63, required=True, metadata={"description": "Its slug, as in the address of its sign-in."}
    )
    cohort_id = fields.UUID(required=True)
    message = Prose(most=2000, allow_none=True)


class PartnerInvitationQuery(PageQuery):
    """Which of them."""

    state = Choice(STATES, load_default=None)


class PartnerInvitation(Schema):
    """A partner that you invited to nominate people for one of your cohorts."""

    id = fields.UUID()
    partner_name = fields.String()
    cohort_id = fields.UUID()
    message = fields.String(allow_none=True)
    state = fields.String(metadata=_STATE)
    created_at = Timestamp()


class ReceivedPartnerInvitation(Schema):
    """A host that invites you to nominate people."""

    id = fields.UUID()
    host_name = fields.String()
    program_name = fields.String()
    cohort_name = fields.String()
    message = fields.String(allow_none=True)
    state = fields.String(metadata=_STATE)
    created_at = Timestamp()


class PartnerAnswer(Schema):
    """What you say to it."""

    answer = Choice(ANSWERS, required=True)


class NominationCreate(Schema):
    """Whom to nominate."""

    example: ClassVar = {"membership_id": "018f2b6e-0000-7000-8000-000000000002"}
    membership_id = fields.UUID(required=True)


class NominationQuery(PageQuery):
    """Which of them."""

    state = Choice(("nominated", "accepted", "withdrawn"), load_default=None)


class Nomination(Schema):
    """Somebody whom you nominated. Of where she is placed, and with whom, you are told nothing."""

    id = fields.UUID()
    membership_id = fields.UUID()
    name = fields.String(allow_none=True)
    state = fields.String(
        metadata={"description": "nominated, accepted or withdrawn; who declines has not answered."}
    )
    takes_part_since = Timestamp(allow_none=True, metadata={"description": "When the host took her in."})
    created_at = Timestamp()


class MyNomination(Schema):
    """A host for whose groups one was nominated."""

    id = fields.UUID()
    host_name = fields.String()
    program_name = fields.String()
    cohort_name = fields.String()
    state = fields.String(metadata={"description": "nominated, accepted, declined or withdrawn"})
    created_at = Timestamp()


class MyNominationAnswer(Schema):
    """What one says to it, and by what name and address the host is to know one: as here, unless one says otherwise."""

    answer = Choice(("accepted", "declined"), required=True)
    name = Text(most=200)
    email = Email()


class GuestQuery(PageQuery):
    """Which of them."""

    state = Choice(("offered", "accepted"), load_default=None)


class Guest(Schema):
    """Somebody whom a partner nominated and who agreed."""

    id = fields.UUID()
    partner_invitation_id = fields.UUID()
    partner_name = fields.String()
    cohort_id = fields.UUID()
    name = fields.String()
    email = fields.String()
    state = fields.String(metadata={"description": "offered or accepted"})
    membership_id = fields.UUID(allow_none=True)
    participant_id = fields.UUID(allow_none=True)
    created_at = Timestamp()
