"""/v1/releases and /v1/me/shared"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.uploads import file_store
from api.v1.releases.schemas import Corrections, Release, ReleaseCreate, ReleaseQuery, SharedReport
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.reporting import releases, sending, shared

blp = Blueprint("Releases", description="Reports on their way out: reviewed, approved, sent, and answered.")
READ, WRITE, APPROVE = Permission.REPORTS_READ, Permission.REPORTS_WRITE, Permission.RELEASES_APPROVE
ONE = "/releases/<uuid:release_id>"
STEP = {"returns": Release, "status": 201, "location": "/v1/releases/{id}", "errors": (409,)}


@blp.list("/releases", READ, query=ReleaseQuery, returns=Release)
def list_releases(session: Session, state: str | None) -> Select[Any]:
    """Your releases, and how each stands."""
    return only(releases.releases(session), state=state)


@blp.post("/releases", WRITE, body=ReleaseCreate, returns=Release, status=201, location="/v1/releases/{id}")
def draft_release(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Draft a release; its report is built in the background."""
    return releases.release_of(session, releases.draft_release(session, **body).id)


@blp.get(ONE, READ, returns=Release)
def get_release(session: Session, release_id: UUID) -> Row[Any]:
    """One of them."""
    return releases.release_of(session, release_id)


@blp.get(f"{ONE}/corrections", READ, returns=Corrections)
def get_release_corrections(session: Session, release_id: UUID) -> dict[str, Any]:
    """What it says otherwise than the release that it supersedes, once it is sent."""
    return releases.corrections_of(session, release_id=release_id)


@blp.post(f"{ONE}/redraft", WRITE, **STEP)
def redraft_release(session: Session, release_id: UUID) -> Row[Any]:
    """Build its report anew, with the same day, and begin with the review again."""
    releases.draft_anew(session, release_id=release_id)
    return releases.release_of(session, release_id)


@blp.post(f"{ONE}/review", WRITE, **STEP)
def review_release(session: Session, release_id: UUID) -> Row[Any]:
    """Say that a draft was looked through."""
    releases.review_release(session, release_id=release_id)
    return releases.release_of(session, release_id)


@blp.post(f"{ONE}/approval", APPROVE, **STEP)
def approve_release(session: Session, release_id: UUID) -> Row[Any]:
    """Approve what was reviewed: where two may, not by whoever drafted it."""
    releases.approve_release(session, release_id=release_id)
    return releases.release_of(session, release_id)


@blp.post(f"{ONE}/sending", WRITE, **STEP)
def send_release(session: Session, release_id: UUID) -> Row[Any]:
    """Send what was approved to the funder of its agreement, or publish it. From then on it stands."""
    sending.send_release(session, release_id=release_id, files=file_store())
    return releases.release_of(session, release_id)


@blp.list("/me/shared", Permission.ME_READ, returns=SharedReport)
def list_my_shared(session: Session) -> Select[Any]:
    """The reports that left with something of yours counted in them, and the documents that name you, with what they
    say of you. Nobody else can look this up.
    """
    return shared.shared_of(g.caller.membership_id)
