"""What a program suggests to its groups: the outline of a charter, responsibilities, topics to talk about.

Until the program writes its own, ours holds, as version 0.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, func, select
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.models import Cohort, Program
from tenants.groups.agreement_models import ProgramDocument
from tenants.groups.models import Group
from tenants.groups.suggestions import suggested
from tenants.kernel import events
from tenants.kernel.errors import Invalid, StaleVersion
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_of
from tenants.kernel.session import Session


@dataclass(frozen=True, slots=True)
class Document:
    """What holds: its content, and the version, 0 for ours."""

    content: dict[str, Any]
    version: int

    @property
    def ours(self) -> bool:
        """Whether the program has written none of its own."""
        return self.version == 0


def document(session: Session, *, program_id: UUID, kind: str) -> Document:
    """What a program suggests. Raises NotFound for a program that there is not."""
    row_of(session, Program, program_id)
    return _document(session, program_id, kind)


def document_for_group(session: Session, *, group_id: UUID, kind: str, held: bool = False) -> Document:
    """What the program of a group suggests; while it is `held`, nobody changes what the program wrote."""
    program = select(Cohort.program_id).join(
        Group, (Group.tenant_id == Cohort.tenant_id) & (Group.cohort_id == Cohort.id)
    )
    return _document(session, session.scalars(program.where(Group.id == group_id)).one(), kind, held=held)


def write_document(
    session: Session, *, program_id: UUID, kind: str, content: dict[str, Any], if_match: Version
) -> Document:
    """Put the program's own in place of what held.

    Raises NotFound, StaleVersion, and Invalid at /topics where a key is there twice.
    """
    program = row_of(session, Program, program_id)
    _check_topics(content.get("topics", []))
    found = session.scalar(_row(program_id, kind).with_for_update())
    if found is None:
        if_match.check(0)
        first = {"tenant_id": session.tenant_id, "id": new_id(), "program_id": program_id, "kind": kind}
        made = insert(ProgramDocument).values(content=content, **first).on_conflict_do_nothing()
        if session.scalar(made.returning(ProgramDocument.id)) is None:
            raise StaleVersion("Somebody else has just written it; read it again.")
        version, changed = 1, True
    else:
        changed = bool(edited(found, {"content": content}, if_match=if_match))
        session.flush()
        version = found.version
    if changed:
        events.record(session, "program.updated", subject=program, changed=(kind,))
    return Document(content, version)


def version_for_group(kind: str) -> Any:
    """SQL: the version of what the program of a cohort (of the enclosing SELECT) suggests."""
    version = select(ProgramDocument.version).where(
        ProgramDocument.tenant_id == Cohort.tenant_id,
        ProgramDocument.program_id == Cohort.program_id,
        ProgramDocument.kind == kind,
    )
    return func.coalesce(version.correlate(Cohort).scalar_subquery(), 0, type_=Integer())


def _row(program_id: UUID, kind: str) -> Any:
    return select(ProgramDocument).where(
        ProgramDocument.program_id == program_id, ProgramDocument.kind == kind
    )


def _document(session: Session, program_id: UUID, kind: str, *, held: bool = False) -> Document:
    row = _row(program_id, kind)
    found = session.scalar(row.with_for_update(read=True, key_share=False) if held else row)
    return Document(suggested(kind), 0) if found is None else Document(found.content, found.version)


def _check_topics(topics: list[dict[str, Any]]) -> None:
    seen = set()
    for place, topic in enumerate(topics):
        if topic["key"] in seen:
            raise Invalid.field(f"/topics/{place}/key", "duplicate", f"{topic['key']} is named twice.")
        seen.add(topic["key"])
