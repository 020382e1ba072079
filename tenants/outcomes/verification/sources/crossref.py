"""Works from Crossref: GET /works by cursor, at most 1,000 in all here, five requests a second."""

from collections.abc import Iterator
from typing import Any, ClassVar

from tenants.outcomes.verification.sources.found import PRODUCT, Asked, Credited, Fetch, Found, Question
from tenants.outcomes.verification.sources.reading import (
    MOST_CREDITED,
    day_of,
    dig,
    doi_of,
    each,
    json_of,
    orcid_of,
    text,
    title_of,
)

PAGE, CAP = 100, 1_000
"""A search by name brings everybody's; the first that it ranks are enough, and they need be looked at."""
KINDS = {
    "journal-article": "manuscript",
    "posted-content": "manuscript",
    "proceedings-article": "manuscript",
    "book-chapter": "manuscript",
    "dataset": "dataset",
}


class Crossref:
    """Asked by ORCID iD, else by the author's name, for what was published in a fiscal year."""

    a_second: ClassVar[int] = 5

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """The works of authors of that iD or name."""
        days = f"from-pub-date:{question.since},until-pub-date:{question.until}"
        if question.orcid:
            asked = {"filter": f"orcid:{question.orcid},{days}"}
        elif question.named:
            asked = {"filter": days, "query.author": f"{question.given} {question.family}"}
        else:
            return
        cursor = "*"
        for _ in range(CAP // PAGE):
            answer = fetch(Asked("/works", {**asked, "rows": str(PAGE), "cursor": cursor}))
            page = json_of(answer) if answer else None
            items = each(page, "message", "items")
            yield from (work_of(item) for item in items if isinstance(item, dict))
            cursor = text(dig(page, "message", "next-cursor"), 2_000)
            if len(items) < PAGE or not cursor:
                return


def work_of(item: dict[str, Any]) -> Found:
    """What a work says."""
    when = each(item, "published", "date-parts", 0) or each(item, "issued", "date-parts", 0)
    return Found(
        kind=PRODUCT,
        product_kind=KINDS.get(text(item.get("type")), "other"),
        title=title_of(dig(item, "title", 0)),
        date=day_of(*when[:3]) if when else None,
        credited=tuple(_author(author) for author in each(item, "author")[:MOST_CREDITED]),
        doi=doi_of(item.get("DOI")),
    )


def _author(author: Any) -> Credited:
    places = (text(dig(place, "name"), 500) for place in each(author, "affiliation")[:20])
    return Credited(
        given=text(dig(author, "given")),
        family=text(dig(author, "family")),
        orcid=orcid_of(dig(author, "ORCID")),
        institutions=tuple(filter(None, places)),
    )
