"""Topics in an order: curricula that a program offers, and what a group makes of them for itself.

What a group plans is encrypted, in versions as its charter is, and never leaves it.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from tenants.cohorts.models import Cohort, Program
from tenants.groups.agreement_models import Curriculum, CurriculumVersion
from tenants.groups.models import Group
from tenants.groups.places import group_of_member
from tenants.groups.private import Words
from tenants.groups.program_documents import document, document_for_group
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Conflict, FieldError, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_held, row_of
from tenants.kernel.session import Session

MOST_TOPICS = 60


@dataclass(frozen=True, slots=True)
class GroupCurriculum:
    """What a group plans to talk about, in order ({key, title, sensitive}), beside what its program offers.

    `number` is that of the version, 0 where the group has planned nothing.
    """

    number: int
    author_id: UUID | None
    written_at: datetime | None
    topics: list[dict[str, Any]]
    catalogue: list[dict[str, Any]] = field(default_factory=list)
    offered: list[Curriculum] = field(default_factory=list)


def curricula(program_id: UUID) -> Select[Any]:
    """What a program offers."""
    return select(*Curriculum.__table__.columns).where(Curriculum.program_id == program_id)


def create_curriculum(session: Session, *, program_id: UUID, name: str, topics: list[str]) -> Curriculum:
    """Offer topics of the catalogue in an order. Raises NotFound, and Invalid at each topic that is not in it."""
    row_of(session, Program, program_id)
    _check_topics(session, program_id, topics)
    made = Curriculum(program_id=program_id, name=name, topics=topics)
    session.add(made)
    session.flush()
    events.record(session, "curriculum.created", subject=made)
    return made


def edit_curriculum(
    session: Session, *, curriculum_id: UUID, changes: dict[str, Any], if_match: Version
) -> Curriculum:
    """Change what is offered; groups keep what they made of it. Raises NotFound, StaleVersion and Invalid."""
    found = row_of(session, Curriculum, curriculum_id)
    if "topics" in changes:
        _check_topics(session, found.program_id, changes["topics"])
    changed = edited(found, changes, if_match=if_match)
    if changed:
        events.record(session, "curriculum.updated", subject=found, changed=changed)
    return found


def delete_curriculum(session: Session, *, curriculum_id: UUID, if_match: Version) -> None:
    """Offer it no longer. Raises NotFound and StaleVersion."""
    found = row_held(session, Curriculum, curriculum_id)
    if_match.check(found.version)
    session.delete(found)
    events.record(session, "curriculum.deleted", subject=found)


def curriculum_of_group(session: Session, *, group_id: UUID) -> GroupCurriculum:
    """What a group plans, and what its program offers. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    catalogue: list[dict[str, Any]] = document_for_group(session, group_id=group_id, kind="topics").content[
        "topics"
    ]
    program = select(Cohort.program_id).join(
        Group, (Group.tenant_id == Cohort.tenant_id) & (Group.cohort_id == Cohort.id)
    )
    offers = select(Curriculum).where(
        Curriculum.program_id == program.where(Group.id == group_id).scalar_subquery()
    )
    offered = list(session.scalars(offers.order_by(Curriculum.name, Curriculum.id)))
    last = CurriculumVersion.number == func.door.curriculum_in_force(group_id)
    found = session.scalar(select(CurriculumVersion).where(CurriculumVersion.group_id == group_id, last))
    if found is None:
        return GroupCurriculum(0, None, None, [], catalogue, offered)
    topics = _planned(session, found, catalogue)
    return GroupCurriculum(found.number, found.author_id, found.written_at, topics, catalogue, offered)


def curriculum_versions(group_id: UUID) -> Select[Any]:
    """What the group planned, version by version, as far as the session may read it, without the topics."""
    columns: tuple[Any, ...] = (
        CurriculumVersion.id,
        CurriculumVersion.number,
        CurriculumVersion.author_id,
        CurriculumVersion.written_at,
    )
    return select(*columns).where(CurriculumVersion.group_id == group_id)


def curriculum_version(session: Session, *, group_id: UUID, number: int) -> GroupCurriculum:
    """One version, with its topics as the catalogue calls them now. Raises NotFound where there is none, or the session
    may not read it.
    """
    refuse_strangers(session, group_id)
    one = (CurriculumVersion.group_id == group_id, CurriculumVersion.number == number)
    found = session.scalar(select(CurriculumVersion).where(*one))
    if found is None:
        raise NotFound("curriculum")
    listed = document_for_group(session, group_id=group_id, kind="topics").content["topics"]
    topics = _planned(session, found, listed)
    return GroupCurriculum(found.number, found.author_id, found.written_at, topics)


def _planned(
    session: Session, found: CurriculumVersion, catalogue: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    planned = json.loads(Words(session, "curriculum_version").opened(found).topics)
    return _told(planned, {topic["key"]: topic for topic in catalogue})


def plan_curriculum(
    session: Session, *, group_id: UUID, topics: list[dict[str, Any]], builds_on: int
) -> GroupCurriculum:
    """Plan anew: topics of the catalogue by {key}, the group's own by {title}, in order. `builds_on` is the number of
    the version that one has read, 0 for none. The tenant learns that the group planned, and no topic.

    Raises NotFound to all but members, Invalid for an unknown key or what is neither, and Conflict
    "curriculum_has_changed".
    """
    group_of_member(session, group_id)
    known = {
        topic["key"]
        for topic in document_for_group(session, group_id=group_id, kind="topics").content["topics"]
    }
    broken = [*_broken(topics, known)]
    if broken:
        raise Invalid(*broken)
    if session.scalar(select(func.door.curriculum_in_force(group_id))) != builds_on:
        raise Conflict(
            "The curriculum has changed since you read it; read it again.", code="curriculum_has_changed"
        )
    version_id = new_id()
    words = Words(session, "curriculum_version")
    closed = words.closed(group_id=group_id, row_id=version_id, topics=json.dumps(topics, ensure_ascii=False))
    author = session.membership_id
    session.add(
        CurriculumVersion(id=version_id, group_id=group_id, author_id=author, number=builds_on + 1, **closed)
    )
    session.flush()
    events.record(
        session, "group.curriculum_planned", subject_type="peer_group", subject_id=group_id,
        counts={"number": builds_on + 1}, names_actor=False,
    )  # fmt: skip
    return curriculum_of_group(session, group_id=group_id)


def _told(planned: list[dict[str, Any]], known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Topics with their titles; one that has gone from the catalogue goes by its key. The group's own stay in it."""
    own = {"key": None, "sensitive": True}
    told = []
    for topic in planned:
        if "title" in topic:
            told.append({**own, "title": topic["title"]})
        else:
            at = known.get(topic["key"], {})
            sensitive = at.get("sensitive", True)
            told.append({"key": topic["key"], "title": at.get("label", topic["key"]), "sensitive": sensitive})
    return told


def _check_topics(session: Session, program_id: UUID, topics: list[str]) -> None:
    listed = document(session, program_id=program_id, kind="topics").content["topics"]
    broken = list(_broken([{"key": key} for key in topics], {topic["key"] for topic in listed}, ""))
    if broken:
        raise Invalid(*broken)


def _broken(topics: list[dict[str, Any]], known: set[str], below: str = "/key") -> list[FieldError]:
    broken = []
    seen: set[str] = set()
    for place, topic in enumerate(topics):
        key = topic.get("key")
        if ("key" in topic) == ("title" in topic):
            broken.append(FieldError(f"/topics/{place}", "one_of_two", "Give key or title."))
        elif key is not None and (key not in known or key in seen):
            code, said = (
                ("duplicate", "is there twice") if key in seen else ("unknown", "is not in the catalogue")
            )
            broken.append(FieldError(f"/topics/{place}{below}", code, f"{key} {said}."))
        seen |= {key} if key else set()
    return broken
