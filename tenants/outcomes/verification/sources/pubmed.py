"""Papers from PubMed by E-utilities: esearch for the ids, efetch for 200 records at a time; three requests a second.

PubMed lets nobody see more than the first 9,999 ids of a search.
"""

import datetime as dt
from collections.abc import Iterator
from typing import ClassVar
from xml.etree.ElementTree import Element

from tenants.outcomes.verification.sources.found import PRODUCT, Asked, Credited, Fetch, Found, Question
from tenants.outcomes.verification.sources.reading import (
    MOST_CREDITED,
    day_of,
    doi_of,
    orcid_of,
    pmid_of,
    text,
    title_of,
    xml_of,
)

PAGE, CAP = 200, 9_999
_XML = "application/xml, text/xml"


class PubMed:
    """Asked by ORCID iD or by the author's name, for what was published in a fiscal year."""

    a_second: ClassVar[int] = 3

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """The papers of authors of that iD or name."""
        term = _term(question)
        for start in range(0, CAP, PAGE) if term else ():
            days = {"mindate": f"{question.since:%Y/%m/%d}", "maxdate": f"{question.until:%Y/%m/%d}"}
            known = {"db": "pubmed", "retmode": "xml"}
            place = {"retstart": str(start), "retmax": str(min(PAGE, CAP - start))}
            asked = {**known, "term": term, "datetype": "pdat", **days, **place}
            answer = fetch(Asked("/entrez/eutils/esearch.fcgi", asked, accept=_XML))
            if not answer:
                return
            page = xml_of(answer)
            ids = [found for each in page.iterfind("IdList/Id") if (found := pmid_of(each.text))]
            if ids:
                yield from _papers({**known, "id": ",".join(ids)}, fetch)
            total = page.findtext("Count", "")
            if not ids or not total.isdecimal() or start + len(ids) >= int(total):
                return


def _term(question: Question) -> str:
    terms = [f"{question.orcid}[auid]"] if question.orcid else []
    if question.named:
        plain = " ".join(f"{question.family} {question.given}".replace('"', " ").replace("[", " ").split())
        terms.append(f'"{plain}"[Full Author Name]')
    return " OR ".join(terms)


def _papers(query: dict[str, str], fetch: Fetch) -> Iterator[Found]:
    answer = fetch(Asked("/entrez/eutils/efetch.fcgi", query, accept=_XML))
    for article in xml_of(answer).iterfind("PubmedArticle") if answer else ():
        yield paper_of(article)


def paper_of(article: Element) -> Found:
    """What a PubmedArticle says."""
    title = article.find("MedlineCitation/Article/ArticleTitle")
    names = article.iterfind("MedlineCitation/Article/AuthorList/Author")
    dois = (each.text for each in article.iterfind("PubmedData/ArticleIdList/ArticleId[@IdType='doi']"))
    return Found(
        kind=PRODUCT,
        product_kind="manuscript",
        title=title_of("".join(title.itertext()) if title is not None else None),
        date=_published(article),
        credited=tuple(_author(each) for each, _ in zip(names, range(MOST_CREDITED), strict=False)),
        doi=next(filter(None, map(doi_of, dois)), None),
        pmid=pmid_of(article.findtext("MedlineCitation/PMID")),
    )


def _author(author: Element) -> Credited:
    places = (text(each.text, 500) for each in author.iterfind("AffiliationInfo/Affiliation"))
    return Credited(
        given=text(author.findtext("ForeName") or author.findtext("Initials")),
        family=text(author.findtext("LastName")),
        orcid=orcid_of(author.findtext("Identifier[@Source='ORCID']")),
        institutions=tuple(filter(None, places)),
    )


def _published(article: Element) -> dt.date | None:
    for path in ("ArticleDate", "Journal/JournalIssue/PubDate"):
        said = article.find(f"MedlineCitation/Article/{path}")
        if said is None:
            continue
        year = said.findtext("Year") or text(said.findtext("MedlineDate"))[:4]
        if day := day_of(year, said.findtext("Month"), said.findtext("Day")):
            return day
    return None
