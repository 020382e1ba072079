"""Works from OpenAlex: GET /works by cursor, at most 100 a page; asked by ORCID iD only.

Its names are not unique, and it tells whoever looks for a name to settle on one of its authors first: an iD does that.
A key is free; without one it answers a few requests a day.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from tenants.outcomes.verification.sources.found import PRODUCT, Asked, Credited, Fetch, Found, Question
from tenants.outcomes.verification.sources.reading import (
    MOST_CREDITED,
    day_said,
    dig,
    doi_of,
    each,
    json_of,
    name_said,
    orcid_of,
    pmid_of,
    text,
    title_of,
)

PAGE, CAP = 100, 10_000
FIELDS = "id,doi,title,publication_date,type,ids,authorships"
KINDS = {
    "article": "manuscript",
    "preprint": "manuscript",
    "review": "manuscript",
    "book-chapter": "manuscript",
    "dataset": "dataset",
    "software": "software",
}


class OpenAlex:
    """Asked by ORCID iD, for what was published in a fiscal year."""

    a_second: ClassVar[int] = 10

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """The works of the author of that iD."""
        if not question.orcid:
            return
        days = f"from_publication_date:{question.since},to_publication_date:{question.until}"
        asked = {
            "filter": f"authorships.author.orcid:{question.orcid},{days}",
            "select": FIELDS,
            "per_page": str(PAGE),
        }
        cursor = "*"
        for _ in range(CAP // PAGE):
            answer = fetch(Asked("/works", {**asked, "cursor": cursor}))
            page = json_of(answer) if answer else None
            results = each(page, "results")
            yield from (work_of(work) for work in results if isinstance(work, dict))
            cursor = text(dig(page, "meta", "next_cursor"), 2_000)
            if not results or not cursor:
                return


def work_of(work: dict[str, Any]) -> Found:
    """What a work says."""
    return Found(
        kind=PRODUCT,
        product_kind=KINDS.get(text(work.get("type")), "other"),
        title=title_of(work.get("title")),
        date=day_said(work.get("publication_date")),
        credited=tuple(_author(authorship) for authorship in each(work, "authorships")[:MOST_CREDITED]),
        doi=doi_of(work.get("doi")),
        pmid=pmid_of(dig(work, "ids", "pmid")),
    )


def _author(authorship: Any) -> Credited:
    given, family = name_said(dig(authorship, "raw_author_name") or dig(authorship, "author", "display_name"))
    named = (text(dig(place, "display_name")) for place in each(authorship, "institutions")[:20])
    printed = (text(place, 500) for place in each(authorship, "raw_affiliation_strings")[:20])
    orcid = orcid_of(dig(authorship, "author", "orcid"))
    return Credited(given, family, orcid, tuple(filter(None, (*named, *printed))))
