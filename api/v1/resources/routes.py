"""/v1/groups/{group_id}/resources, and /v1/resources, which everybody in the tenant sees"""

from typing import Any
from uuid import UUID

from flask import current_app, request
from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.uploads import KEPT_TYPES, KeptUpload, receive_kept
from api.v1.resources.schemas import (
    NetworkResource,
    Resource,
    ResourceCreate,
    ResourcePatch,
    ResourceQuery,
    Share,
    SharedResource,
    SharedResourceQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.support import resources, sharing
from tenants.support.resource_files import Download

blp = Blueprint(
    "Resources", description="Past grants, templates, guidance: a group's shelf, and the tenant's."
)
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ANYBODY = Permission.ME_READ
RESOURCES = "/groups/<uuid:group_id>/resources"
RESOURCE = f"{RESOURCES}/<uuid:resource_id>"
SHELF = "/resources"


def _expected(session: Session, group_id: UUID, resource_id: UUID) -> None:
    size, most = request.content_length or 0, _most()
    resources.expect_file(session, group_id=group_id, resource_id=resource_id, size=size, most=most)


@blp.list(RESOURCES, READ, query=ResourceQuery, returns=Resource)
def list_group_resources(
    session: Session, group_id: UUID, kind: str | None, scope: str | None
) -> Select[Any]:
    """What has been put there since one was let in, and what one put there oneself."""
    return only(resources.resources(session, group_id=group_id), kind=kind, scope=scope)


@blp.post(
    RESOURCES,
    WRITE,
    body=ResourceCreate,
    returns=Resource,
    status=201,
    location="/v1/groups/{group_id}/resources/{id}",
    etag=True,
)
def add_group_resource(session: Session, body: dict[str, Any], group_id: UUID) -> Any:
    """Put a link on the shelf, or what is given its file next."""
    added = resources.add_resource(session, group_id=group_id, **body)
    return resources.resource(session, group_id=group_id, resource_id=added.id)


@blp.get(RESOURCE, READ, returns=Resource, etag=True)
def get_group_resource(session: Session, group_id: UUID, resource_id: UUID) -> Any:
    """One of them."""
    return resources.resource(session, group_id=group_id, resource_id=resource_id)


@blp.patch(RESOURCE, WRITE, body=ResourcePatch, returns=Resource, etag=True)
def edit_group_resource(
    session: Session, body: dict[str, Any], group_id: UUID, resource_id: UUID, if_match: IfMatch
) -> Any:
    """Change what one put there, while it is not shared."""
    which = {"group_id": group_id, "resource_id": resource_id}
    resources.edit_resource(session, **which, changes=body, if_match=if_match)
    return resources.resource(session, **which)


@blp.delete(RESOURCE, WRITE, status=204, etag=True)
def remove_group_resource(session: Session, group_id: UUID, resource_id: UUID, if_match: IfMatch) -> None:
    """Take away what one put there, its file and the shared copy too."""
    resources.remove_resource(session, group_id=group_id, resource_id=resource_id, if_match=if_match)


@blp.upload(
    f"{RESOURCE}/file",
    WRITE,
    accepts=KEPT_TYPES,
    take=receive_kept,
    expected=_expected,
    returns=Resource,
)
def upload_group_resource_file(
    session: Session, upload: KeptUpload, group_id: UUID, resource_id: UUID
) -> Any:
    """Give it its file, of at most 25 MB, in place of the one that it has."""
    which = {"group_id": group_id, "resource_id": resource_id}
    resources.take_file(session, **which, file=upload.file, most=_most())
    return resources.resource(session, **which)


@blp.download(f"{RESOURCE}/file", READ, types=KEPT_TYPES)
def get_group_resource_file(session: Session, group_id: UUID, resource_id: UUID) -> Download:
    """Download its file."""
    return resources.file_of_resource(session, group_id=group_id, resource_id=resource_id)


@blp.post(
    f"{RESOURCE}/share",
    WRITE,
    body=Share,
    returns=SharedResource,
    status=201,
    location="/v1/resources/{id}",
    secrets=sharing.COPIED,
)
def share_group_resource(session: Session, body: dict[str, Any], group_id: UUID, resource_id: UUID) -> Any:
    """Let everybody in the tenant, or in all tenants, have a copy of what one put there. It is logged."""
    copy = sharing.share(session, group_id=group_id, resource_id=resource_id, **body)
    return sharing.shared_resource(session, shared_resource_id=copy.id)


@blp.delete(f"{RESOURCE}/share", WRITE, status=204)
def take_back_group_resource(session: Session, group_id: UUID, resource_id: UUID) -> None:
    """Take the copy back, at once."""
    sharing.take_back(session, group_id=group_id, resource_id=resource_id)


@blp.list(SHELF, ANYBODY, query=SharedResourceQuery, returns=SharedResource)
def list_resources(session: Session, kind: str | None) -> Select[Any]:
    """What members of groups share with everybody in the tenant."""
    return only(sharing.shared_resources(), kind=kind)


@blp.get(f"{SHELF}/<uuid:shared_resource_id>", ANYBODY, returns=SharedResource)
def get_resource(session: Session, shared_resource_id: UUID) -> Any:
    """One of it."""
    return sharing.shared_resource(session, shared_resource_id=shared_resource_id)


@blp.delete(f"{SHELF}/<uuid:shared_resource_id>", Permission.PROGRAMS_WRITE, status=204)
def take_resource_off_shelf(session: Session, shared_resource_id: UUID) -> None:
    """Take something off the tenant's shelf, for whoever runs the tenant. It is logged, and stays in its group."""
    sharing.take_off_shelf(session, shared_resource_id=shared_resource_id)


@blp.download(f"{SHELF}/<uuid:shared_resource_id>/file", ANYBODY, types=KEPT_TYPES)
def get_resource_file(session: Session, shared_resource_id: UUID) -> Download:
    """Download its file."""
    return sharing.file_of_shared(session, shared_resource_id=shared_resource_id)


@blp.list("/network-resources", ANYBODY, query=SharedResourceQuery, returns=NetworkResource)
def list_network_resources(session: Session, kind: str | None) -> Select[Any]:
    """Links that people of all tenants of this deployment show one another."""
    return only(sharing.network_resources(), kind=kind)


@blp.get("/network-resources/<uuid:network_resource_id>", ANYBODY, returns=NetworkResource)
def get_network_resource(session: Session, network_resource_id: UUID) -> Any:
    """One of them."""
    return sharing.network_resource(session, network_resource_id=network_resource_id)


def _most() -> int:
    most: int = current_app.extensions["settings"].files_per_tenant_bytes
    return most
