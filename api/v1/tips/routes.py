"""/v1/groups/{group_id}/tips, and /v1/me/digest"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.tips.schemas import DigestItem, DigestQuery, Tip, TipCreate, TipPatch, TipQuery
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.support import tips

blp = Blueprint("Tips", description="What members know, as of a day, and what they let other groups read.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
TIPS = "/groups/<uuid:group_id>/tips"
TIP = f"{TIPS}/<uuid:tip_id>"


@blp.list(TIPS, READ, query=TipQuery, returns=Tip)
def list_tips(session: Session, group_id: UUID, stale: bool | None, kind: str | None) -> Select[Any]:
    """What the group's members know."""
    refuse_strangers(session, group_id)
    return only(tips.tips(group_id), stale=stale, kind=kind)


@blp.post(
    TIPS,
    WRITE,
    body=TipCreate,
    returns=Tip,
    status=201,
    location="/v1/groups/{group_id}/tips/{id}",
    etag=True,
)
def give_tip(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Tell one's group something."""
    return tips.give_tip(session, group_id=group_id, **body)


@blp.get(TIP, READ, returns=Tip, etag=True)
def get_tip(session: Session, group_id: UUID, tip_id: UUID) -> Any:
    """One of them."""
    return tips.tip_of(session, group_id=group_id, tip_id=tip_id)


@blp.patch(TIP, WRITE, body=TipPatch, returns=Tip, etag=True, errors=(403,))
def edit_tip(session: Session, body: dict[str, Any], group_id: UUID, tip_id: UUID, if_match: IfMatch) -> Any:
    """Change one's tip, which takes flags away."""
    return tips.edit_tip(session, group_id=group_id, tip_id=tip_id, changes=body, if_match=if_match)


@blp.delete(TIP, WRITE, status=204, etag=True, errors=(403,))
def remove_tip(session: Session, group_id: UUID, tip_id: UUID, if_match: IfMatch) -> None:
    """Take it back, there too where it was shared."""
    tips.remove_tip(session, group_id=group_id, tip_id=tip_id, if_match=if_match)


@blp.put(f"{TIP}/flag", WRITE, status=204)
def flag_tip(session: Session, group_id: UUID, tip_id: UUID) -> None:
    """Say that it is out of date, which holds until it is changed."""
    tips.flag(session, group_id=group_id, tip_id=tip_id)


@blp.delete(f"{TIP}/flag", WRITE, status=204)
def take_flag_back(session: Session, group_id: UUID, tip_id: UUID) -> None:
    """Say so no longer; what others say of it stands."""
    tips.take_flag_back(session, group_id=group_id, tip_id=tip_id)


@blp.put(f"{TIP}/share", WRITE, returns=Tip, errors=(403,))
def share_tip(session: Session, group_id: UUID, tip_id: UUID) -> Any:
    """Let the other groups of the cohort read one's tip as it is now, without one's name, the group's or a mentor's."""
    return tips.share(session, group_id=group_id, tip_id=tip_id)


@blp.delete(f"{TIP}/share", WRITE, status=204, errors=(403, 409))
def unshare_tip(session: Session, group_id: UUID, tip_id: UUID) -> None:
    """Take it out of the digest again."""
    tips.unshare(session, group_id=group_id, tip_id=tip_id)


@blp.list("/me/digest", READ, query=DigestQuery, returns=DigestItem)
def list_my_digest(session: Session, institute: str | None) -> Select[Any]:
    """What groups of the cohorts in which one has a group let one another read."""
    return only(tips.digest(g.caller.membership_id), institute=institute)
