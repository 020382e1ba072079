"""The shelf of a group: links and files of its members, for its members.

The group wall decides who reads: whoever was a member when something was put there, and who put it there. Only she
changes it, takes it away, or shares it with the tenant.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm.attributes import flag_modified

from tenants.groups.private import Words, own_row_in
from tenants.groups.queries import refuse_ended, refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.kept import drop, keep, refuse_beyond
from tenants.kernel.rows import Version, edited, one
from tenants.kernel.session import Session
from tenants.support.resource_files import Arrived, Download, read_key, safe_name, written
from tenants.support.resource_models import Resource, SharedResource

TABLE = "resource"
SHOWN = (
    "id", "group_id", "author_id", "kind", "as_of", "encrypted_title", "encrypted_licence", "encrypted_url",
    "encrypted_note", "encrypted_file_name", "encrypted_sha256", "media_type", "size", "written_at", "version",
)  # fmt: skip
PLAIN = ("kind", "as_of")


def resources(session: Session, *, group_id: UUID) -> Select[Any]:
    """What the session's member may see on a group's shelf; her own also once she has left. Raises NotFound."""
    own = exists().where(Resource.group_id == group_id, Resource.author_id == session.membership_id)
    if not session.scalar(select(own)):
        refuse_strangers(session, group_id)
    shared = (SharedResource.tenant_id == Resource.tenant_id) & (SharedResource.resource_id == Resource.id)
    scope = func.coalesce(SharedResource.scope, "group").label("scope")
    shared_id = SharedResource.id.label("shared_id")
    columns: list[Any] = [getattr(Resource, name) for name in SHOWN]
    return (
        select(*columns, scope, shared_id)
        .outerjoin(SharedResource, shared)
        .where(Resource.group_id == group_id)
    )


def resource(session: Session, *, group_id: UUID, resource_id: UUID) -> Any:
    """One, its words in the clear. Raises NotFound."""
    rows = resources(session, group_id=group_id).where(Resource.id == resource_id)
    return Words(session, TABLE).opened(one(session, rows, TABLE))


def add_resource(session: Session, *, group_id: UUID, kind: str, as_of: Any = None, **words: Any) -> Resource:
    """Put a link, or what will have a file, on the group's shelf. Raises NotFound to strangers, and Invalid.

    The tenant learns that something was put there, not what or by whom.
    """
    refuse_strangers(session, group_id)
    _check_name(words.get("file_name"))
    resource_id = new_id()
    added = Resource(
        id=resource_id,
        group_id=group_id,
        author_id=session.membership_id,
        kind=kind,
        as_of=as_of,
        **Words(session, TABLE).closed(group_id=group_id, row_id=resource_id, **words),
    )
    session.add(added)
    session.flush()
    _record(session, "resource.added", group_id)
    return added


def edit_resource(
    session: Session, *, group_id: UUID, resource_id: UUID, changes: dict[str, Any], if_match: Version
) -> None:
    """Change what is said of a resource.

    Raises NotFound, Forbidden, StaleVersion, Invalid, and Conflict "is_shared" and "has_a_file".
    """
    found = _to_change(session, group_id, resource_id)
    words = {name: value for name, value in changes.items() if name not in PLAIN}
    _check_name(words.get("file_name"))
    if words.get("url") and found.file_id:
        raise Conflict("This resource has a file; a link needs a resource of its own.", code="has_a_file")
    closed = Words(session, TABLE).closed(group_id=group_id, row_id=found.id, **words)
    plain = {name: value for name, value in changes.items() if name in PLAIN}
    edited(found, {**plain, **closed}, if_match=if_match)
    session.flush()


def expect_file(session: Session, *, group_id: UUID, resource_id: UUID, size: int, most: int) -> None:
    """Refuse a file before it is sent: raises as `take_file` does."""
    found = _to_change(session, group_id, resource_id)
    if found.encrypted_url:
        raise Conflict("This resource is a link; a file needs a resource of its own.", code="is_a_link")
    refuse_beyond(session, size=size, most=most)


def take_file(session: Session, *, group_id: UUID, resource_id: UUID, file: Arrived, most: int) -> None:
    """Give a resource its file, in place of the one that it has. `most`: bytes of all files of the tenant.

    Raises NotFound, Forbidden, and Conflict "is_a_link", "is_shared" and "storage_full".
    """
    expect_file(session, group_id=group_id, resource_id=resource_id, size=0, most=most)
    found = own_resource(session, group_id, resource_id)
    before = found.file_id
    keep(session, file_id=file.id, size=file.size, most=most)
    found.file_id, found.media_type, found.size = file.id, file.media_type, file.size
    kept = {"sha256": file.sha256, "file_key": written(file.key)}
    columns = Words(session, TABLE).closed(group_id=group_id, row_id=found.id, **kept)
    for name, value in columns.items():
        setattr(found, name, value)
    session.flush()
    if before:
        drop(session, before)


def file_of_resource(session: Session, *, group_id: UUID, resource_id: UUID) -> Download:
    """The file of a resource. Raises NotFound, also where there is none."""
    found = session.get(Resource, (session.tenant_id, resource_id))
    if found is None or found.group_id != group_id or found.file_id is None:
        raise NotFound("file")
    words = Words(session, TABLE).opened(found)
    return Download(
        found.file_id,
        safe_name(words.file_name or words.title, words.media_type),
        words.media_type,
        words.size,
        words.sha256,
        read_key(words.file_key, tenant_id=session.tenant_id, file_id=found.file_id),
    )


def remove_resource(session: Session, *, group_id: UUID, resource_id: UUID, if_match: Version) -> None:
    """Take a resource away, with its file and what the tenant was shown of it. Whoever has left can still do so.

    Of what was shared the event tells that it was taken back, and not which group it was of. Raises NotFound, Forbidden
    and StaleVersion.
    """
    found = own_resource(session, group_id, resource_id)
    if_match.check(found.version)
    was_shared = take_off(session, resource_id)
    session.delete(found)
    session.flush()
    if found.file_id:
        drop(session, found.file_id)
    if not was_shared:
        _record(session, "resource.removed", group_id)


def remove_all(session: Session, *, group_id: UUID) -> None:
    """Take away all that the session's member put on a group's shelf, with files and what the tenant was shown."""
    hers = select(Resource).where(Resource.group_id == group_id, Resource.author_id == session.membership_id)
    for found in session.scalars(hers).all():
        take_off(session, found.id)
        session.delete(found)
        session.flush()
        if found.file_id:
            drop(session, found.file_id)


def take_off(session: Session, resource_id: UUID) -> bool:
    """Take the copy of a resource off the tenant's shelf; False if there is none."""
    copy = session.scalar(select(SharedResource).where(SharedResource.resource_id == resource_id))
    if copy is None:
        return False
    session.delete(copy)
    session.flush()
    events.record(session, "resource.taken_back", subject=copy, names_actor=copy.membership_id is not None)
    return True


def own_resource(session: Session, group_id: UUID, resource_id: UUID) -> Resource:
    """What the session's member put there, held until the transaction ends.

    Raises NotFound, and Forbidden to whoever may only read it.
    """
    own_row_in(session, Resource, group_id=group_id, row_id=resource_id)
    key = (session.tenant_id, resource_id)
    held = session.get(Resource, key, with_for_update=True, populate_existing=True)
    if held is None:  # it went meanwhile
        raise NotFound(TABLE)
    return held


def touched(session: Session, found: Resource) -> None:
    """Let the version of a resource tell that it was shared or taken back."""
    flag_modified(found, "kind")
    session.flush()


def _to_change(session: Session, group_id: UUID, resource_id: UUID) -> Resource:
    refuse_strangers(session, group_id)
    refuse_ended(session, group_id)  # a file comes by a way of its own
    found = own_resource(session, group_id, resource_id)
    if session.scalar(select(exists().where(SharedResource.resource_id == found.id))):
        raise Conflict("What is shared stays as it is; take it back to change it.", code="is_shared")
    return found


def _check_name(name: str | None) -> None:
    """Raise Invalid for a name that leads elsewhere."""
    if name is not None and safe_name(name, "text/plain") != f"{name.removesuffix('.txt')}.txt":
        raise Invalid.field(
            "/file_name", "invalid", "A file name has no path and none of the signs that file systems use."
        )


def _record(session: Session, what: str, group_id: UUID) -> None:
    events.record(session, what, subject_type="peer_group", subject_id=group_id, names_actor=False)
