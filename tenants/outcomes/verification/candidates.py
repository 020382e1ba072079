"""Finding peers to invite among public awards: as published, ranked by what they have in common with a text.

No address is looked up and nobody is written to: whoever searches decides whom to approach, and how.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from tenants.kernel import events, jobs
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.outcomes.organizations.queries import resolved
from tenants.outcomes.verification.expiry import expect_expiry
from tenants.outcomes.verification.fetching import Library, SourceUnavailable
from tenants.outcomes.verification.models import CandidateSearch
from tenants.outcomes.verification.sources.found import Unreadable
from tenants.outcomes.verification.sources.nih_reporter import award_of, projects
from tenants.outcomes.verification.sources.reading import dig, text

KEPT = timedelta(days=30)
MOST_COMPARED = 2_000
"""Awards of one fiscal year."""
MOST_CANDIDATES = 100
_WORD = re.compile(r"[a-z][a-z-]{2,}")
_COMMON = {
    "among", "and", "approach", "approaches", "are", "based", "between", "but", "can", "effect", "effects", "for",
    "from", "has", "have", "into", "its", "new", "not", "novel", "research", "role", "studies", "study", "that", "the",
    "their", "this", "through", "use", "used", "using", "via", "was", "were", "which", "with",
}  # fmt: skip


def order_search(
    session: Session,
    *,
    text: str,
    activity_codes: Sequence[str],
    fiscal_years: Sequence[int],
    institutes: Sequence[str] = (),
    author_id: UUID | None = None,
) -> CandidateSearch:
    """Order a search for people with awards of these kinds, institutes and years whose topics are like the text.

    With `author_id` it is a member's own. It goes after KEPT, with what it found.
    """
    search_id = new_id()
    job = jobs.enqueue(session, "candidate_search", subject_id=search_id)
    session.flush()
    ordered = CandidateSearch(
        id=search_id,
        author_id=author_id,
        job_id=job.id,
        text=text,
        activity_codes=sorted({code.upper() for code in activity_codes}),
        institutes=sorted({institute.upper() for institute in institutes}),
        fiscal_years=sorted(set(fiscal_years)),
        expires_at=now() + KEPT,
    )
    session.add(ordered)
    expect_expiry(session)
    session.flush()
    if author_id is None:
        events.record(session, "candidate_search.ordered", subject=ordered)
    return ordered


def searches(author_id: UUID | None) -> Select[Any]:
    """A member's searches, or the tenant's, each with its job's state, progress and error."""
    mine = (
        CandidateSearch.author_id.is_(None) if author_id is None else CandidateSearch.author_id == author_id
    )
    return (
        select(*CandidateSearch.__table__.columns, Job.state, Job.progress, Job.error)
        .join(Job, (Job.tenant_id == CandidateSearch.tenant_id) & (Job.id == CandidateSearch.job_id))
        .where(mine, CandidateSearch.expires_at > now())
    )


def search_shown(session: Session, *, candidate_search_id: UUID, author_id: UUID | None) -> Row[Any]:
    """One of them. Raises NotFound."""
    rows = searches(author_id).where(CandidateSearch.id == candidate_search_id)
    return one(session, rows, "candidate search")


def search(claim: Claim) -> None:
    """Search for the claimed search. Raises JobFailed where RePORTER does not answer."""
    library = Library(claim)
    with claim.session() as session:
        order = row_of(session, CandidateSearch, claim.subject_id)
    found: list[dict[str, Any]] = []
    compared = 0
    for done, year in enumerate(order.fiscal_years, start=1):
        criteria = {
            "fiscal_years": [year],
            "activity_codes": order.activity_codes,
            **({"agencies": order.institutes} if order.institutes else {}),
            "advanced_text_search": {
                "operator": "or",
                "search_field": "projecttitle,terms",
                "search_text": " ".join(_words(order.text)),
            },
        }
        try:
            for project in projects(criteria, library.fetching("nih_reporter", year), MOST_COMPARED):
                compared += 1
                found += _candidates(project, order.text)
        except (SourceUnavailable, Unreadable) as failure:
            raise JobFailed(
                "source_unavailable", "NIH RePORTER does not answer; try again later."
            ) from failure
        claim.progress(done / (len(order.fiscal_years) + 1))
    best = ranked(found)
    with claim.effect() as session:
        order = row_of(session, CandidateSearch, claim.subject_id)
        ids = resolved(session, printed={each["institution"] for each in best if each["institution"]})
        order.candidates = [{**each, "organization_id": ids.get(each["institution"])} for each in best]
        order.compared = compared


def ranked(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first so many, each person and institution once, those with most in common first."""
    order = sorted(found, key=lambda each: (-len(each["shared_terms"]), -each["fiscal_year"], each["name"]))
    once: dict[tuple[str, str | None], dict[str, Any]] = {}
    for each in order:
        once.setdefault((each["name"].casefold(), each["institution"]), each)
    return list(once.values())[:MOST_CANDIDATES]


def _candidates(project: dict[str, Any], wanted: str) -> Iterable[dict[str, Any]]:
    award = award_of(project)
    there = set(_words(f"{award.title or ''} {text(project.get('pref_terms'), 20_000)}"))
    shared = [word for word in _words(wanted) if word in there]
    year = project.get("fiscal_year")
    if not (shared and isinstance(year, int) and award.project_number):
        return
    for who in award.credited:
        name = f"{who.given} {who.family}".strip()
        if name:
            yield {
                "name": name,
                "institution": who.institutions[0] if who.institutions else None,
                "activity_code": award.code,
                "institute": text(dig(project, "agency_ic_admin", "abbreviation")) or None,
                "project_number": award.project_number,
                "title": award.title,
                "fiscal_year": year,
                "shared_terms": shared,
            }


def _words(said: str) -> list[str]:
    """The words of a text that tell its topic, each once, in their order."""
    return [word for word in dict.fromkeys(_WORD.findall(said.casefold())) if word not in _COMMON]
