"""Undoing an import: only the last one of its cohort and kind, and only while nobody built on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select, text

from tenants.cohorts.imports.roster_sql import NOT_THE_ROSTERS
from tenants.cohorts.imports.staging import reach_of, wait_for_turn
from tenants.cohorts.models import Attribute, Cohort, Import
from tenants.cohorts.notices import take_back
from tenants.kernel import events
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session, expect_many_rows
from tenants.people.names import names_kept

REFERS_TO_MEMBERSHIP = {
    "access_token": ("membership_id",),
    "act": ("author_id", "giver_id", "receiver_id"),
    "admission": ("proposer_id",),
    "agenda_item": ("author_id",),
    "agenda_item_words": ("author_id",),
    "agenda_vote": ("author_id",),
    "ask": ("author_id",),
    "browser_session": ("membership_id",),
    "calendar_feed": ("membership_id",),
    "candidate_search": ("author_id",),
    "career_event": ("author_id", "membership_id"),
    "charter_version": ("author_id",),
    "check_in": ("author_id",),
    "checklist": ("author_id",),
    "client_authorization": ("membership_id",),
    "commitment_answer": ("membership_id",),
    "concern": ("author_id",),
    "concern_reader": ("reader_id",),
    "consent_entry": ("membership_id",),
    "content_settings": ("author_id",),
    "counted_person": ("membership_id",),
    "curriculum_version": ("author_id",),
    "delivered_invitation": ("membership_id",),
    "facilitation": ("membership_id",),
    "finding": ("membership_id",),
    "group_action": ("author_id", "owner_id"),
    "group_action_words": ("author_id",),
    "group_invitation": ("author_id",),
    "group_member": ("membership_id",),
    "group_product": ("author_id",),
    "guest": ("membership_id",),
    "identity": ("membership_id",),
    "invitation": ("membership_id",),
    "meeting_agenda": ("author_id",),
    "meeting_attendance": ("author_id",),
    "meeting_invitee": ("membership_id",),
    "meeting_link": ("author_id",),
    "meeting_note": ("author_id",),
    "meeting_reminder": ("membership_id",),
    "member_answer": ("author_id",),
    "nomination": ("membership_id",),
    "notice_day": ("membership_id",),
    "named_person": ("membership_id",),
    "notice_preference": ("membership_id",),
    "own_mentors": ("membership_id",),
    "participant": ("membership_id",),
    "product": ("author_id",),
    "product_contributor": ("membership_id",),
    "resource": ("author_id",),
    "retrospective": ("author_id",),
    "retrospective_entry": ("author_id",),
    "retrospective_rating": ("author_id",),
    "role_grant": ("membership_id",),
    "separation": ("membership_id",),
    "shared_resource": ("membership_id",),
    "survey_response": ("membership_id",),
    "tip": ("author_id",),
    "tip_flag": ("author_id",),
    "turn": ("author_id",),
    "unsubscribe_link": ("membership_id",),
    "verification": ("membership_id",),
}
"""Every table that refers to a membership, and by which columns: one that any of them still needs is kept."""

_CHANGED_SINCE = """
SELECT count(*) FROM import_row r
  LEFT JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.subject_id
 WHERE r.tenant_id = :tenant AND r.import_id = :import AND r.outcome IN ('created', 'updated', 'withdrawn')
   AND p.version IS DISTINCT FROM r.subject_version
"""
_IN_A_GROUP = """
SELECT count(*) FROM import_row r
 WHERE r.tenant_id = :tenant AND r.import_id = :import AND r.outcome IN ('created', 'updated', 'withdrawn')
   AND (EXISTS (SELECT FROM group_member g JOIN import i ON i.tenant_id = g.tenant_id AND i.id = r.import_id
                 WHERE g.tenant_id = :tenant AND g.participant_id = r.subject_id AND g.created_at >= i.applied_at)
        OR r.outcome = 'created'
        AND EXISTS (SELECT FROM placement q WHERE q.tenant_id = :tenant AND q.participant_id = r.subject_id))
"""
_HOLD_MEMBERSHIPS = """
SELECT count(*) FROM (
    SELECT m.id FROM membership m
     WHERE m.tenant_id = :tenant AND m.id IN (
           SELECT p.membership_id FROM participant p
             JOIN import_row r ON r.tenant_id = p.tenant_id AND r.subject_id = p.id AND r.import_id = :import
            WHERE p.tenant_id = :tenant)
     ORDER BY m.id FOR NO KEY UPDATE) held
"""
_HOLD = """
SELECT count(*) FROM (
    SELECT p.id FROM participant p
      JOIN import_row r ON r.tenant_id = p.tenant_id AND r.subject_id = p.id AND r.import_id = :import
     WHERE p.tenant_id = :tenant ORDER BY p.id FOR UPDATE OF p) held
"""
_APPEND_CHANGES = """
INSERT INTO participant_change
       (tenant_id, id, participant_id, source, state, reason, attributes, declined, import_id)
SELECT :tenant, uuidv7(), id, 'roster', new_state, CASE WHEN new_state IS NOT NULL THEN reason END, changed, declined,
       :import
  FROM (SELECT p.id, CASE WHEN r.was ->> 'state' <> p.state THEN r.was ->> 'state' END AS new_state,
               r.was ->> 'state_reason' AS reason,
               coalesce((SELECT jsonb_object_agg(k, coalesce(r.was -> 'attributes' -> k, 'null'))
                           FROM jsonb_object_keys(p.attributes || (r.was -> 'attributes')) k
                          WHERE r.was -> 'attributes' -> k IS DISTINCT FROM p.attributes -> k
                            AND r.was -> 'attributes' -> k IS DISTINCT FROM 'null'), '{}') AS changed,
               ARRAY(SELECT a.key FROM jsonb_each(r.was -> 'attributes') a
                      WHERE a.value = 'null' AND p.attributes -> a.key IS DISTINCT FROM 'null'
                      ORDER BY a.key) AS declined
          FROM (SELECT subject_id, before -> 'participant' AS was FROM import_row
                 WHERE tenant_id = :tenant AND import_id = :import AND outcome IN ('updated', 'withdrawn')) r
          JOIN participant p ON p.tenant_id = :tenant AND p.id = r.subject_id) c
 WHERE new_state IS NOT NULL OR changed <> '{}' OR declined <> '{}'
"""
_RESTORE_MEMBERSHIPS = f"""
WITH restored AS (
    UPDATE membership m
       SET name = r.before -> 'membership' ->> 'name', email = r.before -> 'membership' ->> 'email',
           identifiers = r.before -> 'membership' -> 'identifiers', known_as = {names_kept("m")},
           version = m.version + 1, updated_at = now()
      FROM import_row r JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.subject_id
     WHERE r.tenant_id = :tenant AND r.import_id = :import AND jsonb_typeof(r.before -> 'membership') = 'object'
       AND m.tenant_id = :tenant AND m.id = p.membership_id AND NOT {NOT_THE_ROSTERS}
    RETURNING m.id)
UPDATE participant p SET version = p.version + 1, updated_at = now()
  FROM restored WHERE p.tenant_id = :tenant AND p.membership_id = restored.id AND p.cohort_id <> :cohort
"""  # noqa: S608 - a constant is put in
_RESTORE_PARTICIPANTS = """
UPDATE participant p
   SET attributes = r.was -> 'attributes', state = r.was ->> 'state',
       state_since = CAST(r.was ->> 'state_since' AS timestamptz), state_reason = r.was ->> 'state_reason',
       version = p.version + 1, updated_at = now()
  FROM (SELECT subject_id, before -> 'participant' AS was FROM import_row
         WHERE tenant_id = :tenant AND import_id = :import AND outcome IN ('updated', 'withdrawn')) r
 WHERE p.tenant_id = :tenant AND p.id = r.subject_id
"""
_RESTORED = """
SELECT r.subject_id FROM import_row r
 WHERE r.tenant_id = :tenant AND r.import_id = :import AND r.outcome = 'withdrawn'
"""
# As the import before it left them: so that it can be undone in its turn.
_AS_BEFORE = """
UPDATE import_row e SET subject_version = p.version
  FROM import_row r JOIN participant p ON p.tenant_id = r.tenant_id AND p.id = r.subject_id
 WHERE r.tenant_id = :tenant AND r.import_id = :import AND r.outcome IN ('updated', 'withdrawn')
   AND e.tenant_id = :tenant AND e.subject_id = r.subject_id AND e.import_id <> :import
   AND e.subject_version = CAST(r.before -> 'participant' ->> 'version' AS integer)
"""
_DELETE_PARTICIPANTS = """
CREATE TEMP TABLE removed ON COMMIT DROP AS
WITH gone AS (
    DELETE FROM participant p USING import_row r
     WHERE r.tenant_id = :tenant AND r.import_id = :import AND r.outcome = 'created'
       AND p.tenant_id = :tenant AND p.id = r.subject_id
    RETURNING p.membership_id, r.before ? 'membership' AND r.before -> 'membership' = 'null' AS made_here)
SELECT membership_id FROM gone WHERE made_here
"""
_DELETE_MEMBERSHIPS = (
    "DELETE FROM membership m USING removed d"  # noqa: S608 - only names of the tuple above are put in
    " WHERE m.tenant_id = :tenant AND m.id = d.membership_id"
    + "".join(
        f" AND NOT EXISTS (SELECT FROM {table} t WHERE t.tenant_id = :tenant AND t.{column} = m.id)"
        for table, columns in REFERS_TO_MEMBERSHIP.items()
        for column in columns
    )
)


_STILL_USED = """
SELECT DISTINCT CASE jsonb_typeof(p.attributes -> :key) WHEN 'array' THEN level ELSE p.attributes ->> :key END
  FROM participant p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
  LEFT JOIN LATERAL jsonb_array_elements_text(
       CASE jsonb_typeof(p.attributes -> :key) WHEN 'array' THEN p.attributes -> :key ELSE '[]' END) level ON true
 WHERE p.tenant_id = :tenant AND c.program_id = :program AND p.attributes ? :key
"""


def check_reversible(session: Session, found: Import) -> None:
    """Raise Conflict, with a sentence, unless this import can be undone now."""
    if found.state != "succeeded" or found.applied_at is None:
        raise Conflict("Only an import that was applied can be reversed.", code="not_applied")
    last = (
        select(Import.id)
        .where(
            Import.cohort_id == found.cohort_id,
            Import.kind == found.kind,
            Import.state == "succeeded",
            Import.applied_at.is_not(None),
        )
        .order_by(Import.applied_at.desc(), Import.id.desc())
    )
    if session.scalar(last.limit(1)) != found.id:
        raise Conflict("A later import was applied; reverse that one first.", code="not_the_last")
    if found.kind == "roster":
        _check_participants(session, found)


def _check_participants(session: Session, found: Import) -> None:
    known = {"tenant": found.tenant_id, "import": found.id}
    changed = session.execute(text(_CHANGED_SINCE), known).scalar_one()
    if changed:
        raise Conflict(f"{changed:,} of its participants have been changed since.", code="changed_since")
    grouped = session.execute(text(_IN_A_GROUP), known).scalar_one()
    if grouped:
        raise Conflict(f"{grouped:,} of its participants are in a group or a matching run.", code="in_use")


@contextmanager
def undoing(
    claim: Claim, hold: Callable[[Session, Import], None] | None = None
) -> Iterator[tuple[Session, Import]]:
    """The claimed import in its turn, held, to be undone in this transaction; afterwards it is reversed.

    ``hold`` holds what else must not change before it is judged whether it can be undone.
    Raises JobFailed unless it can be now.
    """
    with claim.effect() as session:
        expect_many_rows(session)
        wait_for_turn(session)
        found = session.get_one(Import, (claim.tenant_id, claim.subject_id), with_for_update=True)
        if hold is not None:
            hold(session, found)
        try:
            check_reversible(session, found)
        except Conflict as refused:
            raise JobFailed(refused.code, refused.detail) from refused
        yield session, found
        found.state = "reversed"
        events.record(session, "import.reversed", subject=found, counts=found.counts)


def reverse(claim: Claim) -> None:
    """The job that undoes a roster's import: restores who was changed, deletes who was created."""
    with undoing(claim, _hold) as (session, found):
        for statement in (
            _APPEND_CHANGES,
            _RESTORE_MEMBERSHIPS,
            _RESTORE_PARTICIPANTS,
            _AS_BEFORE,
            _DELETE_PARTICIPANTS,
            _DELETE_MEMBERSHIPS,
        ):
            session.execute(text(statement), _known(found))
        restored = session.scalars(text(_RESTORED), _known(found)).all()
        take_back(session, participant_ids=restored, since=found.applied_at or now())
        for attribute in _attributes_that_grew(session, found):
            _take_levels_away(session, attribute, found.added_levels[attribute.key])


def _known(found: Import) -> dict[str, Any]:
    return {
        "tenant": found.tenant_id,
        "import": found.id,
        "cohort": found.cohort_id,
        **reach_of(found),
    }


def _hold(session: Session, found: Import) -> None:
    """Attribute, membership, participant: in the order of imports, so that nobody waits in a circle."""
    _attributes_that_grew(session, found)
    for held in (_HOLD_MEMBERSHIPS, _HOLD):
        session.execute(text(held), _known(found))


def _attributes_that_grew(session: Session, found: Import) -> list[Attribute]:
    """Those to which the import added levels, held before any person is: as imports hold them."""
    cohort = session.get_one(Cohort, (found.tenant_id, found.cohort_id))
    grew = select(Attribute).where(
        Attribute.program_id == cohort.program_id, Attribute.key.in_(found.added_levels)
    )
    return list(session.scalars(grew.order_by(Attribute.id).with_for_update(key_share=True)))


def _take_levels_away(session: Session, attribute: Attribute, added: list[str]) -> None:
    """Remove the levels that the import added and that nobody has for a value any more."""
    known = {"tenant": attribute.tenant_id, "program": attribute.program_id, "key": attribute.key}
    unused = set(added) - set(session.scalars(text(_STILL_USED), known))
    if unused:
        attribute.levels = [level for level in attribute.levels if level["key"] not in unused]
