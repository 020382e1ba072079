"""What somebody put on her own ORCID record: GET /v3.0/{iD}/works and /fundings, each whole in one answer."""

from collections.abc import Iterator
from typing import Any, ClassVar

from tenants.outcomes.verification.sources.found import (
    AWARD,
    PRODUCT,
    Asked,
    Credited,
    Fetch,
    Found,
    Question,
)
from tenants.outcomes.verification.sources.reading import (
    code_of,
    day_of,
    dig,
    doi_of,
    each,
    json_of,
    pmid_of,
    text,
    title_of,
)

KINDS = {
    "journal-article": "manuscript",
    "preprint": "manuscript",
    "book-chapter": "manuscript",
    "conference-paper": "manuscript",
    "data-set": "dataset",
    "software": "software",
    "research-technique": "protocol",
}


class Orcid:
    """Asked by ORCID iD. It answers with all years at once, and what is of the fiscal year is picked from them."""

    a_second: ClassVar[int] = 8

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """The public works and grants of a record."""
        if not question.orcid:
            return
        owner = (Credited(question.given, question.family, question.orcid),)
        for part, summaries, read in (
            ("works", "work-summary", work_of),
            ("fundings", "funding-summary", award_of),
        ):
            answer = fetch(Asked(f"/v3.0/{question.orcid}/{part}", {}))
            for group in each(json_of(answer), "group") if answer else ():
                first = dig(group, summaries, 0)
                found = read(first, owner) if isinstance(first, dict) else None
                if found and found.date and question.since <= found.date <= question.until:
                    yield found


def work_of(summary: dict[str, Any], owner: tuple[Credited, ...]) -> Found:
    """What a work's summary says."""
    return Found(
        kind=PRODUCT,
        product_kind=KINDS.get(text(summary.get("type")), "other"),
        title=title_of(dig(summary, "title", "title", "value")),
        date=_day(summary.get("publication-date")),
        credited=owner,
        doi=next(filter(None, map(doi_of, _ids(summary, "doi"))), None),
        pmid=next(filter(None, map(pmid_of, _ids(summary, "pmid"))), None),
    )


def award_of(summary: dict[str, Any], owner: tuple[Credited, ...]) -> Found | None:
    """The award of a grant's summary; None where it tells no number, as nothing would know it again."""
    number = next(filter(None, map(code_of, _ids(summary, "grant_number"))), None)
    if number is None or summary.get("type") not in ("grant", "award"):
        return None
    return Found(
        kind=AWARD,
        title=title_of(dig(summary, "title", "title", "value")),
        date=_day(summary.get("start-date")),
        credited=owner,
        project_number=number,
    )


def _ids(summary: dict[str, Any], kind: str) -> list[Any]:
    return [
        dig(found, "external-id-value")
        for found in each(summary, "external-ids", "external-id")
        if dig(found, "external-id-type") == kind and dig(found, "external-id-relationship") == "self"
    ]


def _day(when: Any) -> Any:
    return day_of(*(dig(when, part, "value") for part in ("year", "month", "day")))
