"""/v1/me/notice-preferences"""

from typing import Any

from flask import g

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.notice_preferences.schemas import NoticePreferences, NoticePreferencesPatch
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.notices import preferences

blp = Blueprint("Notice preferences", description="How one is written to, and of what.")
PREFERENCES = "/me/notice-preferences"


@blp.get(PREFERENCES, Permission.ME_READ, returns=NoticePreferences, etag=True)
def get_notice_preferences(session: Session) -> Any:
    """What holds for oneself, also where one has said nothing."""
    return preferences.preferences_of(session, membership_id=g.caller.membership_id)


@blp.patch(
    PREFERENCES, Permission.ME_WRITE, body=NoticePreferencesPatch, returns=NoticePreferences, etag=True
)
def edit_notice_preferences(session: Session, body: dict[str, Any], if_match: IfMatch) -> Any:
    """Change it; what was not sent yet goes by it."""
    return preferences.edit_preferences(session, changes=body, if_match=if_match)
