"""What people say of how their data is used: their own word, and what the institution has on paper.

The ledger is only ever added to. The database lets a person speak for herself alone, and the institution note
nothing but grants, never against her; `covered` says what follows for jobs.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, DateTime, Row, Select, Text, Uuid, any_, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenants.cohorts.covered import BY_LAST_WORD
from tenants.cohorts.models import Cohort, Participant, Program
from tenants.kernel import events
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.people.consent import NOT_ASKED, PURPOSES, WORDINGS
from tenants.people.models import ConsentEntry, Membership

MOST_UNKNOWN = 20
"""How many unknown people an error names."""
_OURS = orjson.dumps({name: {"version": w.version, "text": w.text} for name, w in WORDINGS.items()}).decode()
_CONSENTS = f"""
SELECT row_number() OVER (ORDER BY mine.program_id, asked.place, asked.funder) AS place,
       mine.program_id, g.name AS program_name, asked.purpose, asked.funder,
       coalesce(g.bases ->> asked.purpose, 'consent') AS basis,
       coalesce(said.decision, '{NOT_ASKED}') AS state, said.created_at AS since, said.said_by, said.wording_version,
       coalesce(said.decision = 'granted', g.bases ->> asked.purpose = 'institution', false) AS covered,
       coalesce(g.wordings -> asked.purpose, CAST(:ours AS jsonb) -> asked.purpose) AS wording
  FROM (SELECT DISTINCT p.membership_id, c.program_id
          FROM participant p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
         WHERE p.membership_id = :member OR p.id = :participant) mine
  JOIN program g ON g.id = mine.program_id
 CROSS JOIN LATERAL (
       SELECT u.purpose, u.place, NULL AS funder
         FROM unnest(CAST(:purposes AS text[])) WITH ORDINALITY u(purpose, place)
        WHERE u.purpose <> 'funder_sharing'
        UNION ALL
       SELECT 'funder_sharing', 9, f.funder
         FROM (SELECT unnest(g.funders) AS funder UNION
               SELECT e.funder FROM consent_entry e
                WHERE e.membership_id = mine.membership_id AND e.program_id = g.id AND e.funder IS NOT NULL) f) asked
  LEFT JOIN LATERAL (
       SELECT e.decision, e.said_by, e.wording_version, e.created_at FROM consent_entry e
        WHERE e.membership_id = mine.membership_id AND e.program_id = g.id AND e.purpose = asked.purpose
          AND e.funder IS NOT DISTINCT FROM asked.funder
        ORDER BY {BY_LAST_WORD} LIMIT 1) said ON true
"""  # noqa: S608 - constants are put in
_NOTE = f"""
WITH named AS (SELECT DISTINCT p.membership_id FROM participant p WHERE p.id = ANY (CAST(:participants AS uuid[]))),
told AS (SELECT DISTINCT ON (n.membership_id) n.membership_id, e.decision, e.said_by, e.wording_version
           FROM named n
           LEFT JOIN consent_entry e ON e.membership_id = n.membership_id AND e.program_id = :program
            AND e.purpose = :purpose AND e.funder IS NOT DISTINCT FROM CAST(:funder AS text)
          ORDER BY n.membership_id, {BY_LAST_WORD}),
noted AS (INSERT INTO consent_entry
                 (tenant_id, id, membership_id, program_id, purpose, funder, decision, said_by, wording_version)
          SELECT :tenant, uuidv7(), membership_id, :program, :purpose, :funder, 'granted', 'institution', :form
            FROM told WHERE decision IS NULL OR said_by = 'institution' AND wording_version <> :form
          RETURNING 1)
SELECT (SELECT count(*) FROM noted) AS recorded,
       count(*) FILTER (WHERE decision = 'granted' AND (said_by = 'person' OR wording_version = :form)) AS unchanged,
       count(*) FILTER (WHERE decision <> 'granted') AS refused
  FROM told
"""  # noqa: S608 - a constant is put in


def consents(*, member: UUID | None = None, participant: UUID | None = None) -> Select[Any]:
    """What holds for each purpose, and each funder by name, of somebody in all her programs or in one."""
    given = {"member": member, "participant": participant, "purposes": list(PURPOSES), "ours": _OURS}
    words = dict.fromkeys(
        ("program_name", "purpose", "funder", "basis", "state", "said_by", "wording_version"), Text()
    )
    found = text(_CONSENTS).bindparams(**given)
    typed = found.columns(
        place=BigInteger(),
        program_id=Uuid(),
        since=DateTime(timezone=True),
        covered=Boolean(),
        wording=JSONB(),
        **words,
    )
    return select(typed.subquery())


def consent_entries(membership_id: UUID) -> Select[Any]:
    """All that was said of somebody's data, by whom, and what she was shown."""
    return select(*ConsentEntry.__table__.columns).where(ConsentEntry.membership_id == membership_id)


def consent(
    session: Session, *, program_id: UUID, purpose: str, funder: str | None = None, **whose: UUID
) -> Row[Any]:
    """One of `consents`. Raises NotFound."""
    rows = consents(**whose).subquery()
    chosen = select(rows).where(
        rows.c.program_id == program_id, rows.c.purpose == purpose, rows.c.funder.is_not_distinct_from(funder)
    )
    return one(session, chosen, "purpose")


def decide(
    session: Session,
    *,
    membership_id: UUID,
    program_id: UUID,
    purpose: str,
    decision: str,
    funder: str | None = None,
    wording_version: str | None = None,
) -> bool:
    """A person's own word on a purpose of a program that she takes part in; False where she had said so already.

    She grants what she was shown: `wording_version` says which text that was.
    Raises Invalid for a program or funder that is not hers or missing, and Conflict: "wording_changed" since she read
    it, "nothing_granted" that she could withdraw.
    """
    # One word at a time, each of which sees the one before.
    session.get_one(Membership, (session.tenant_id, membership_id), with_for_update={"key_share": True})
    held = _row_of_person(session, membership_id, program_id, purpose, funder)
    if decision == "granted":
        _check_shown(held, wording_version)
    if decision == "withdrawn" and held.state not in ("granted", "withdrawn"):
        raise Conflict("Nothing was granted here; you can object.", code="nothing_granted")
    same = held.said_by == "person" and held.state == decision
    if same and (decision != "granted" or held.wording_version == wording_version):
        return False
    entry = ConsentEntry(
        membership_id=membership_id,
        program_id=program_id,
        purpose=purpose,
        funder=funder,
        decision=decision,
        said_by="person",
        wording_version=held.wording["version"],
        wording=held.wording["text"],
    )
    session.add(entry)
    session.flush()
    events.record(
        session,
        f"consent.{decision}",
        subject_type="membership",
        subject_id=membership_id,
        changed=[purpose],
    )
    return True


def note_consent(
    session: Session, *, participant_id: UUID, purpose: str, form: str, funder: str | None = None
) -> bool:
    """Note that a participant agreed on paper, on this form; False where that was known.

    Raises NotFound, Invalid for a funder, and Conflict "person_refused": her own word stands.
    """
    participant = row_of(session, Participant, participant_id)
    program = _program_of(session, participant.cohort_id)
    counts = _note(session, program, [participant_id], purpose=purpose, funder=funder, form=form)
    if counts["refused"]:
        raise Conflict("This person has refused; only she can say otherwise.", code="person_refused")
    if counts["recorded"]:
        events.record(session, "consent.noted", subject=participant, changed=[purpose])
    return bool(counts["recorded"])


def note_consents(
    session: Session,
    *,
    cohort_id: UUID,
    external_ids: Sequence[str],
    purpose: str,
    form: str,
    funder: str | None = None,
) -> dict[str, int]:
    """Note that these participants of a cohort agreed on paper: how many were recorded, unchanged or have refused.

    Whoever refused has not agreed: her own word stands. Raises NotFound, and Invalid at each who is unknown and for a
    funder.
    """
    program = _program_of(session, cohort_id)
    known = {row.external_id: row.id for row in session.execute(_named(cohort_id, external_ids))}
    unknown = [(place, each) for place, each in enumerate(external_ids) if each not in known]
    if unknown:
        said = "The cohort has no participant of this external id."
        broken = [FieldError(f"/external_ids/{at}", "unknown", said) for at, _ in unknown[:MOST_UNKNOWN]]
        raise Invalid(*broken)
    counts = _note(session, program, list(known.values()), purpose=purpose, funder=funder, form=form)
    events.record(
        session,
        "consent.noted",
        subject_type="cohort",
        subject_id=cohort_id,
        changed=[purpose],
        counts=counts,
    )
    return counts


def _named(cohort_id: UUID, external_ids: Sequence[str]) -> Select[Any]:
    columns: tuple[Any, ...] = (Membership.external_id, Participant.id)
    return (
        select(*columns)
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
        .where(
            Participant.cohort_id == cohort_id,
            Membership.external_id == any_(literal(list(external_ids), ARRAY(Text))),
        )
    )


def _note(
    session: Session,
    program: Program,
    participants: list[UUID],
    *,
    purpose: str,
    funder: str | None,
    form: str,
) -> dict[str, int]:
    if purpose == "funder_sharing" and funder is None:
        raise Invalid.field("/funder", "required", "Sharing is with one funder, by name.")
    if purpose != "funder_sharing" and funder is not None:
        raise Invalid.field("/funder", "not_for_this_purpose", "Only sharing names a funder.")
    if funder is not None and funder not in program.funders:
        raise Invalid.field("/funder", "unknown", "The program has no funder of this name.")
    given = {"participants": participants, "purpose": purpose, "funder": funder, "form": form}
    counted = session.execute(
        text(_NOTE), {**given, "tenant": session.tenant_id, "program": program.id}
    ).one()
    return dict(counted._mapping)


def _row_of_person(
    session: Session, membership_id: UUID, program_id: UUID, purpose: str, funder: str | None
) -> Row[Any]:
    rows = consents(member=membership_id).subquery()
    of_purpose = select(rows).where(rows.c.program_id == program_id, rows.c.purpose == purpose)
    found = {row.funder: row for row in session.execute(of_purpose)}
    if funder in found:
        return found[funder]
    if purpose == "funder_sharing" and funder is None:
        raise Invalid.field("/funder", "required", "Sharing is with one funder, by name.")
    if None in found:
        raise Invalid.field("/funder", "not_for_this_purpose", "Only sharing names a funder.")
    taking_part = select(rows.c.purpose).where(rows.c.program_id == program_id).limit(1)
    if session.scalar(taking_part) is None:
        raise Invalid.field("/program_id", "unknown", "You take part in no such program.")
    raise Invalid.field("/funder", "unknown", "The program has no funder of this name.")


def _check_shown(held: Row[Any], wording_version: str | None) -> None:
    if wording_version is None:
        raise Invalid.field("/wording_version", "required", "Say which wording you were shown.")
    if wording_version != held.wording["version"]:
        raise Conflict("The wording has changed since; read it again.", code="wording_changed")


def _program_of(session: Session, cohort_id: UUID) -> Program:
    return row_of(session, Program, row_of(session, Cohort, cohort_id).program_id)
