"""/v1/me"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import current_app, g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.me.schemas import (
    Me,
    MePatch,
    MyAnswers,
    MyAnswersPatch,
    MyApplication,
    MyAuthorization,
    MyGroup,
    MyGroupPatch,
    MyGroupQuery,
    MyReader,
    MySeparations,
    MySession,
    SignOut,
)
from tenants.access import joining, sign_in, tokens
from tenants.cohorts import answers
from tenants.custody import readers
from tenants.groups import by_members
from tenants.groups import queries as groups
from tenants.groups.applications import applications
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one, only
from tenants.kernel.session import Session
from tenants.matching import wishes
from tenants.people import actions
from tenants.people.models import Membership

blp = Blueprint("Me", description="Whoever the token acts for.")
READ, WRITE = Permission.ME_READ, Permission.ME_WRITE
GROUP = "/me/groups/<uuid:group_id>"
SEPARATIONS = "/me/applications/<uuid:application_id>/separations"
SHOWN = ("id", "external_id", "chosen_name", "chosen_email", "groups_locked", "version")


@blp.get("/me", READ, returns=Me, etag=True)
def get_me(session: Session) -> Any:
    """Who one is here."""
    return _shown(session)


@blp.patch("/me", WRITE, body=MePatch, returns=Me, etag=True)
def edit_me(session: Session, body: dict[str, Any], if_match: IfMatch) -> Any:
    """Say how one is called and where letters go; it outranks the roster."""
    changes = dict(body)
    locked = changes.pop("groups_locked", None)
    actions.edit_person(
        session, giver=g.caller.giver, membership_id=_me(), changes=changes, if_match=if_match
    )
    if locked is not None:
        actions.lock_groups(session, locked=locked)
    return _shown(session)


@blp.list("/me/sessions", READ, returns=MySession)
def list_my_sessions(session: Session) -> Select[Any]:
    """Where one is signed in with a browser."""
    return sign_in.sessions_of(_me())


@blp.delete("/me/sessions/<uuid:session_id>", WRITE, status=204)
def end_my_session(session: Session, session_id: UUID) -> None:
    """Sign one browser out."""
    sign_in.end_session_of(session, membership_id=_me(), session_id=session_id)


@blp.post("/me/sign-out", WRITE, returns=SignOut)
def sign_out_everywhere(session: Session) -> dict[str, int]:
    """Sign out everywhere: every browser, and every client that acts for one, this one too."""
    return {"ended": sign_in.sign_out_everywhere(session, membership_id=_me())}


@blp.list("/me/authorizations", READ, returns=MyAuthorization)
def list_my_authorizations(session: Session) -> Select[Any]:
    """What one lets clients do."""
    return tokens.authorizations_of(_me())


@blp.delete("/me/authorizations/<uuid:authorization_id>", WRITE, status=204)
def take_back_authorization(session: Session, authorization_id: UUID) -> None:
    """Take back what one let a client do; its tokens end now."""
    tokens.take_back(session, membership_id=_me(), authorization_id=authorization_id)


@blp.list("/me/groups", READ, query=MyGroupQuery, returns=MyGroup)
def list_my_groups(session: Session, state: str | None, left: bool) -> Select[Any]:
    """The groups that one is in, from when they are announced; or those that one has left."""
    return only(groups.groups_left_by(_me()) if left else _groups(), state=state)


@blp.get(GROUP, READ, returns=MyGroup, etag=True)
def get_my_group(session: Session, group_id: UUID) -> Row[Any]:
    """A group that one is in."""
    return one(session, only(_groups(), id=group_id), "group")


@blp.patch(GROUP, Permission.GROUP_CONTENT_WRITE, body=MyGroupPatch, returns=MyGroup, etag=True)
def edit_my_group(session: Session, body: dict[str, Any], group_id: UUID, if_match: IfMatch) -> Row[Any]:
    """Rename a group that one is in, pause it, take it up again, or end it when all say so."""
    by_members.edit_own_group(session, group_id=group_id, changes=body, if_match=if_match)
    return one(session, only(_groups(), id=group_id), "group")


@blp.list("/me/readers", READ, returns=MyReader, pages="place")
def list_my_readers(session: Session) -> Select[Any]:
    """Who can read each kind of thing about one: by role, and by name."""
    return readers.readers(_me())


@blp.list("/me/applications", READ, returns=MyApplication)
def list_my_applications(session: Session) -> Select[Any]:
    """The cohorts that one takes part in or could, and what comes next in each."""
    return applications(_me())


@blp.get("/me/applications/<uuid:application_id>/answers", READ, returns=MyAnswers, etag=True)
def get_my_answers(session: Session, application_id: UUID) -> Any:
    """What one may answer of oneself in a cohort, as far as it is answered."""
    return SimpleNamespace(**answers.answers(session, membership_id=_me(), participant_id=application_id))


@blp.patch(
    "/me/applications/<uuid:application_id>/answers",
    WRITE,
    body=MyAnswersPatch,
    returns=MyAnswers,
    etag=True,
)
def answer(session: Session, body: dict[str, Any], application_id: UUID, if_match: IfMatch) -> Any:
    """Answer, decline to, or take an answer back, while the intake is open; one's own answers outrank the roster's."""
    hers = {"membership_id": _me(), "participant_id": application_id}
    answers.answer(session, **hers, changes=body, if_match=if_match)
    return SimpleNamespace(**answers.answers(session, **hers))


@blp.get(SEPARATIONS, Permission.GROUP_CONTENT_READ, returns=MySeparations)
def get_my_separations(session: Session, application_id: UUID) -> Any:
    """Whom one does not want to be in a group with, as one wrote it. Nobody else reads it."""
    found = wishes.wished(session, membership_id=_me(), participant_id=application_id)
    return SimpleNamespace(names=found)


@blp.put(SEPARATIONS, Permission.GROUP_CONTENT_WRITE, body=MySeparations, returns=MySeparations)
def put_my_separations(session: Session, body: dict[str, Any], application_id: UUID) -> Any:
    """Say whom one does not want to be in a group with, in place of what one said before.

    Matching keeps it, also for whoever joins later. It is not told whether such a person takes part.
    """
    wishes.wish(session, membership_id=_me(), participant_id=application_id, names=body["names"])
    return SimpleNamespace(**body)


def _groups() -> Select[Any]:
    return groups.groups_of_member(_me(), f"{current_app.config['PUBLIC_URL']}/groups/")


def _me() -> UUID:
    membership_id: UUID = g.caller.membership_id
    return membership_id


def _shown(session: Session) -> SimpleNamespace:
    member = session.get_one(Membership, (session.tenant_id, _me()))
    return SimpleNamespace(
        **{name: getattr(member, name) for name in SHOWN},
        name=member.shown_name,
        email=member.address,
        personal=g.caller.personal,
        roles=g.caller.roles,
        memberships=joining.memberships(session),
    )
