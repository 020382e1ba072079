"""/v1/groups/{group_id}/content-settings"""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.content_settings.schemas import ContentSettings, ContentSettingsPut
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.meetings import content_settings

blp = Blueprint("Content settings", description="How long a group keeps what it wrote.")
SETTINGS = "/groups/<uuid:group_id>/content-settings"


@blp.get(SETTINGS, Permission.GROUP_CONTENT_READ, returns=ContentSettings, etag=True)
def get_content_settings(session: Session, group_id: UUID) -> Any:
    """What holds in the group."""
    return content_settings.settings_of(session, group_id=group_id)


@blp.put(
    SETTINGS, Permission.GROUP_CONTENT_WRITE, body=ContentSettingsPut, returns=ContentSettings, etag=True
)
def put_content_settings(session: Session, body: dict[str, Any], group_id: UUID, if_match: IfMatch) -> Any:
    """Say what holds, for what there is as well. Any member may; a shorter period holds two weeks later."""
    return content_settings.put_settings(session, group_id=group_id, if_match=if_match, **body)
