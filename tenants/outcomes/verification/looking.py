"""Looking for what people published or were awarded, person by person; each one's findings are written once."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.outcomes.organizations.naming import key_of
from tenants.outcomes.organizations.queries import resolved
from tenants.outcomes.verification import scope
from tenants.outcomes.verification.fetching import Library, SourceUnavailable
from tenants.outcomes.verification.models import Finding, Verification
from tenants.outcomes.verification.sources import SOURCES
from tenants.outcomes.verification.sources.found import Found, Question, Unreadable
from tenants.outcomes.verification.whose import (
    Finding as Matched,
)
from tenants.outcomes.verification.whose import (
    Same,
    Somebody,
    activity_code,
    core_number,
    match,
    merged,
    places_of,
    worth_keeping,
)

_BOTH: ColumnElement[list[str]] = literal_column(
    "ARRAY(SELECT DISTINCT s FROM unnest(finding.sources || excluded.sources) s ORDER BY s)"
)
_IS_NEW: ColumnElement[bool] = literal_column("finding.xmax = 0", Boolean)
MOST_FOUND = 20_000
"""Of one person, before anything is compared."""
MOST_WRITTEN = 1_000
"""In one statement: it may have 65,535 parameters."""


def look(claim: Claim) -> None:
    """Look for everybody in the claimed verification's scope who is covered.

    Whoever takes the job over goes on behind the last person who was done; the pages of the one in hand are kept. A
    source that does not answer is left out from there on, and named.
    """
    library = Library(claim)
    with claim.session() as session:
        order = row_of(session, Verification, claim.subject_id)
        cohorts = scope.cohorts_of(session, order)
        _, people = scope.counted(session, order, cohorts)
    while True:
        claim.check()
        with claim.session() as session:
            someone = scope.next_person(session, order, cohorts)
        if someone is None:
            break
        membership_id, who = someone
        found, silent = _ask(library, order, who)
        with claim.step() as session:
            order = row_of(session, Verification, claim.subject_id)
            order.found += _write(session, membership_id, who, found)
            order.after_id, order.asked = membership_id, order.asked + 1
            order.unavailable = sorted({*order.unavailable, *silent})
        claim.progress(order.asked / (people + 1))
    with claim.effect() as session:
        order = row_of(session, Verification, claim.subject_id)
        everybody, covered = scope.counted(session, order, cohorts)
        scope.forget_uncovered(session, order, cohorts)
        order.skipped = everybody - covered
        counts = {"asked": order.asked, "skipped": order.skipped, "found": order.found}
        events.record(session, "verification.ended", subject=order, counts=counts)


def _ask(library: Library, order: Verification, who: Somebody) -> tuple[list[tuple[str, Found]], set[str]]:
    """What the sources say of somebody, with the source of each; and which of them do not answer."""
    found: list[tuple[str, Found]] = []
    silent: set[str] = set()
    given, family = who.asked_as
    for name in order.sources:
        try:
            for year in order.fiscal_years if name not in order.unavailable else ():
                asked = Question(given, family, who.known_orcid, year)
                for each in SOURCES[name].search(asked, library.fetching(name, year)):
                    if worth_keeping(each) and len(found) < MOST_FOUND:
                        found.append((name, each))
        except (SourceUnavailable, Unreadable):
            silent.add(name)
    return found, silent


def _write(session: Session, membership_id: UUID, who: Somebody, found: list[tuple[str, Found]]) -> int:
    """Write what is perhaps hers; how much of it is new. What was decided stays as it is."""
    likely = [each for each in found if match(who, each[1], _any)]
    ids = resolved(session, printed=places_of(who, [each for _, each in likely]))
    same = _same_by(ids)
    matched = [(source, each, way) for source, each in likely if (way := match(who, each, same))]
    rows = _rows(membership_id, merged(matched), ids, _known_keys(session, membership_id))
    slices = (rows[start : start + MOST_WRITTEN] for start in range(0, len(rows), MOST_WRITTEN))
    return sum(_written(session, each) for each in slices)


def _written(session: Session, rows: list[dict[str, object]]) -> int:
    """Write findings of one person; how many are new."""
    new = insert(Finding).values([{**row, "tenant_id": session.tenant_id} for row in rows])
    kept = {
        name: func.coalesce(getattr(Finding, name), getattr(new.excluded, name))
        for name in ("title", "date", "doi", "pmid", "code", "institution", "organization_id")
    }
    statement = new.on_conflict_do_update(
        index_elements=[Finding.tenant_id, Finding.membership_id, Finding.natural_key],
        set_={**kept, "sources": _BOTH},
        where=Finding.state == "open",
    )
    return sum(session.scalars(statement.returning(_IS_NEW)))


def _any(one: str, other: str) -> bool:  # noqa: ARG001 - any two names will do at first
    return True


def _same_by(ids: dict[str, str]) -> Same:
    """Two names are one institution's where they mean the same organization; where that is not known, read alike."""

    def same(one: str, other: str) -> bool:
        if one in ids and other in ids:
            return ids[one] == ids[other]
        here, there = key_of(one), key_of(other)
        return bool(here and there) and f" {here} " in f" {there} "

    return same


def _known_keys(session: Session, membership_id: UUID) -> dict[str, str]:
    """By DOI and by PMID, the key under which something of hers was found before."""
    of_her = select(Finding.natural_key, Finding.doi, Finding.pmid).where(
        Finding.membership_id == membership_id
    )
    rows = session.execute(of_her).all()
    by_pmid = {f"pmid:{row.pmid}": row.natural_key for row in rows if row.pmid}
    return by_pmid | {f"doi:{row.doi}": row.natural_key for row in rows if row.doi}


def _rows(
    membership_id: UUID, findings: Iterable[Matched], ids: dict[str, str], known: dict[str, str]
) -> list[dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    for each in findings:
        found, place = each.found, each.match.institution
        key = known.get(f"doi:{found.doi}") or known.get(f"pmid:{found.pmid}") or each.key
        rows.setdefault(
            key,
            {
                "id": new_id(),
                "membership_id": membership_id,
                "natural_key": key,
                "kind": found.kind,
                "product_kind": found.product_kind,
                "title": found.title,
                "date": found.date,
                "doi": found.doi,
                "pmid": found.pmid,
                "project_number": core_number(found.project_number),
                "code": activity_code(found),
                "institution": place,
                "organization_id": ids.get(place) if place else None,
                "sources": sorted(each.sources),
                "matched_by": each.match.by,
                "score": each.match.score,
            },
        )
    return list(rows.values())
