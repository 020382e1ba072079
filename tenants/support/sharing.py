"""The shelf of the tenant, and of all tenants of this deployment: what members of groups chose to show everybody there.

Sharing is an act of the author's own, it is logged, and she can take it back. Others see a copy that tells nothing of
the group, and her name only if she wants it.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Select, delete, insert, select, text

from tenants.groups.private import Words
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.queries import NAME
from tenants.support.resource_files import Download, read_key, safe_name
from tenants.support.resource_models import NetworkResource, SharedResource
from tenants.support.resources import TABLE, own_resource, take_off, touched

_OWN_NAME = text("SELECT name FROM tenant")
COPIED = ("title", "licence", "url", "note", "file_name", "sha256")


def shared_resources() -> Select[Any]:
    """The tenant's shelf."""
    names = ("id", "kind", "as_of", *COPIED, "media_type", "size", "created_at")
    columns: list[Any] = [getattr(SharedResource, name) for name in names]
    owner = (Membership.tenant_id == SharedResource.tenant_id) & (
        Membership.id == SharedResource.membership_id
    )
    return select(*columns, NAME.element.label("owner_name")).outerjoin(Membership, owner)


def shared_resource(session: Session, *, shared_resource_id: UUID) -> Any:
    """One of it. Raises NotFound."""
    return one(session, shared_resources().where(SharedResource.id == shared_resource_id), TABLE)


def share(
    session: Session, *, group_id: UUID, resource_id: UUID, scope: str, licence_confirmed: bool, named: bool
) -> SharedResource:
    """Put a copy on the tenant's shelf, and with `scope` "network" a link on that of all tenants; `named`: under the
    author's name.

    Raises NotFound, Forbidden, Invalid "not_confirmed", and Conflict "is_shared", "nothing_to_share" and, for a file
    that is to go to all tenants, "links_only".
    """
    refuse_strangers(session, group_id)
    found = own_resource(session, group_id, resource_id)
    if not licence_confirmed:
        said = "Confirm that its licence lets others have it."
        raise Invalid.field("/licence_confirmed", "not_confirmed", said)
    if _shared(session, found.id) is not None:
        raise Conflict("This resource is shared.", code="is_shared")
    words = Words(session, TABLE).opened(found)
    if not (words.url or found.file_id):
        raise Conflict("This resource has neither a link nor a file yet.", code="nothing_to_share")
    if scope == "network" and not words.url:
        raise Conflict("Other tenants are shown links only; this is a file.", code="links_only")
    shared_id = new_id()
    key = words.file_key and Safe(session).encrypted(words.file_key, _place(shared_id))
    copy = SharedResource(
        id=shared_id,
        resource_id=found.id,
        membership_id=found.author_id if named else None,
        scope=scope,
        **{name: getattr(found, name) for name in ("kind", "as_of", "file_id", "media_type", "size")},
        **{name: getattr(words, name) for name in COPIED},
        encrypted_file_key=key,
    )
    session.add(copy)
    session.flush()
    if scope == "network":
        session.execute(_publish(session, copy))
    touched(session, found)
    events.record(session, f"resource.shared_with_{scope}", subject=copy, names_actor=named)
    return copy


def take_back(session: Session, *, group_id: UUID, resource_id: UUID) -> None:
    """Take the copy off the tenant's shelf, at once. Whoever has left her group can still do so.

    Raises NotFound, also where it is not shared, and Forbidden.
    """
    found = own_resource(session, group_id, resource_id)
    if not take_off(session, found.id):
        raise NotFound("share")
    try:
        refuse_strangers(session, group_id)
    except NotFound:  # whoever has left writes nothing in the group
        return
    touched(session, found)


def take_off_shelf(session: Session, *, shared_resource_id: UUID) -> None:
    """For whoever runs the tenant: take something off its shelf, and off that of all tenants. It stays in its group.

    Raises NotFound, and Forbidden "out_of_reach" to whose role is limited to a part of the tenant.
    """
    row_of(session, SharedResource, shared_resource_id, TABLE)
    taken = delete(SharedResource).where(SharedResource.id == shared_resource_id).returning(SharedResource.id)
    if session.scalar(taken) is None:
        raise Forbidden("The shelf is the whole tenant's; your role is not.", code="out_of_reach")
    events.record(
        session, "resource.taken_off", subject_type="shared_resource", subject_id=shared_resource_id
    )


def file_of_shared(session: Session, *, shared_resource_id: UUID) -> Download:
    """The file of something on the tenant's shelf. Raises NotFound, also where there is none."""
    found = session.get(SharedResource, (session.tenant_id, shared_resource_id))
    if found is None or found.file_id is None:
        raise NotFound("file")
    media_type, key = found.media_type or "", found.encrypted_file_key or b""
    return Download(
        found.file_id,
        safe_name(found.file_name or found.title, media_type),
        media_type,
        found.size or 0,
        found.sha256 or "",
        read_key(
            Safe(session).decrypted(key, _place(found.id)),
            tenant_id=session.tenant_id,
            file_id=found.file_id,
        ),
    )


def network_resources() -> Select[Any]:
    """The shelf of all tenants."""
    return select(*[column for column in NetworkResource.__table__.columns if column.name != "tenant_id"])


def network_resource(session: Session, *, network_resource_id: UUID) -> Any:
    """One of it. Raises NotFound."""
    return one(session, network_resources().where(NetworkResource.id == network_resource_id), TABLE)


def _publish(session: Session, copy: SharedResource) -> Insert:
    owner = copy.membership_id and session.get_one(Membership, (session.tenant_id, copy.membership_id))
    shown = {name: getattr(copy, name) for name in ("id", "kind", "as_of", "title", "licence", "url", "note")}
    return insert(NetworkResource).values(
        tenant_id=session.tenant_id,
        institution=session.scalars(_OWN_NAME).one(),
        owner_name=owner.shown_name if owner else None,
        **shown,
    )


def _shared(session: Session, resource_id: UUID) -> SharedResource | None:
    return session.scalar(select(SharedResource).where(SharedResource.resource_id == resource_id))


def _place(shared_id: UUID) -> Place:
    return Place("shared_resource", "encrypted_file_key", shared_id)
