"""/v1/cohorts/{cohort_id}/announcements, and /v1/me/announcements"""

from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.announcements.schemas import Announcement, AnnouncementCreate, MyAnnouncement
from tenants.cohorts.models import Cohort
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.support import announcements, care_models

blp = Blueprint("Announcements", description="What organisers tell the people of a cohort.")
READ, WRITE = Permission.GROUPS_READ, Permission.GROUPS_WRITE
ANNOUNCEMENTS = "/cohorts/<uuid:cohort_id>/announcements"
ANNOUNCEMENT = f"{ANNOUNCEMENTS}/<uuid:announcement_id>"


@blp.list(ANNOUNCEMENTS, READ, returns=Announcement, parent=Cohort)
def list_announcements(session: Session, cohort_id: UUID) -> Select[Any]:
    """What was or will be told to a cohort."""
    return announcements.announcements(cohort_id)


@blp.post(
    ANNOUNCEMENTS,
    WRITE,
    body=AnnouncementCreate,
    returns=Announcement,
    status=201,
    location="/v1/cohorts/{cohort_id}/announcements/{id}",
)
def announce(session: Session, body: dict[str, Any], cohort_id: UUID) -> care_models.Announcement:
    """Tell the people of a cohort something. A letter says that there is something, not what."""
    return announcements.announce(session, cohort_id=cohort_id, **body)


@blp.get(ANNOUNCEMENT, READ, returns=Announcement)
def get_announcement(session: Session, cohort_id: UUID, announcement_id: UUID) -> care_models.Announcement:
    """One of them."""
    return announcements.announcement(session, cohort_id=cohort_id, announcement_id=announcement_id)


@blp.delete(ANNOUNCEMENT, WRITE, status=204)
def take_announcement_back(session: Session, cohort_id: UUID, announcement_id: UUID) -> None:
    """Take it back."""
    announcements.take_announcement_back(session, cohort_id=cohort_id, announcement_id=announcement_id)


@blp.list("/me/announcements", Permission.ME_READ, returns=MyAnnouncement)
def list_my_announcements(session: Session) -> Select[Any]:
    """What one is told in the cohorts in which one takes part."""
    return announcements.announcements_to(g.caller.membership_id)
