"""/v1/groups/{group_id}/my-words"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.my_words.schemas import OwnWords
from tenants.custody import words
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

blp = Blueprint("Own words", description="What one wrote in a group: to take along, and to have gone.")
WORDS = "/groups/<uuid:group_id>/my-words"


@blp.list(WORDS, Permission.GROUP_CONTENT_READ, returns=OwnWords)
def list_my_words(session: Session, group_id: UUID) -> Select[Any]:
    """All that one wrote, whether one is still in the group or not. What one asked without a name is not among it."""
    return words.own_words(session, group_id=group_id)


@blp.delete(WORDS, Permission.GROUP_CONTENT_WRITE, status=204)
def take_my_words_away(session: Session, group_id: UUID) -> None:
    """Delete all of it for good, save versions of the charter and the curriculum, which are the group's agreement. What
    one asked without a name cannot be found.
    """
    words.take_words_away(session, group_id=group_id)
