"""What public sources say of invented people, in the shapes that they document."""

from typing import Any
from uuid import UUID

from tenants.kernel import jobs
from tenants.kernel.ids import new_id
from tenants.outcomes.verification.actions import order_verification
from tenants.outcomes.verification.candidates import order_search
from tenants.outcomes.verification.models import Finding
from tests.outside_sources import Answering, Reply, Request, said

ORCID = "0000-0002-1825-0097"
"""An iD whose check digit is right, and that ORCID itself gives to an invented professor."""
PLACE = "INVENTED UNIV SCH OF MED"
PAPER = "10.5555/invented.paper"


def project(number: str, first: str, last: str, year: int, **more: Any) -> dict[str, Any]:
    """A project of RePORTER's."""
    return {
        "appl_id": 1,
        "fiscal_year": year,
        "project_num": f"1{number}-01",
        "core_project_num": number,
        "activity_code": number[:3],
        "agency_ic_admin": {"code": "MH", "abbreviation": "NIMH", "name": "Invented Institute"},
        "organization": {"org_name": PLACE, "org_city": "Invented", "org_state": "IV"},
        "principal_investigators": [
            {
                "profile_id": 1,
                "first_name": first,
                "middle_name": "",
                "last_name": last,
                "full_name": f"{first} {last}",
            }
        ],
        "contact_pi_name": f"{last.upper()}, {first.upper()}",
        "project_title": f"Invented title of {number}",
        "award_notice_date": f"{year}-05-02T00:00:00",
        "project_start_date": f"{year}-05-01T00:00:00",
        "pref_terms": "Implementation;Primary Care",
        **more,
    }


def reporter(projects: list[dict[str, Any]]) -> Answering:
    """RePORTER with these projects: it keeps to its pages and fiscal years, and takes every name to be meant."""

    def answer(request: Request) -> Reply | None:
        if request.source != "nih_reporter" or request.body is None:
            return None
        asked = request.body
        fitting = [each for each in projects if each["fiscal_year"] in asked["criteria"]["fiscal_years"]]
        page = fitting[asked["offset"] : asked["offset"] + asked["limit"]]
        meta = {"total": len(fitting), "offset": asked["offset"], "limit": asked["limit"]}
        return said({"meta": meta, "results": page})

    return answer


ARTICLE = f"""<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.example/pubmed.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">41000001</PMID><Article>
<Journal><JournalIssue><PubDate><Year>2025</Year><Month>Mar</Month></PubDate></JournalIssue></Journal>
<ArticleTitle>An <i>invented</i> paper.</ArticleTitle><AuthorList>
<Author><LastName>Other</LastName><ForeName>Bela</ForeName></Author>
<Author><LastName>Invented</LastName><ForeName>Ada Q</ForeName>
<Identifier Source="ORCID">https://orcid.org/{ORCID}</Identifier>
<AffiliationInfo>
<Affiliation>Department of Things, Invented University, Invented, IV, USA.</Affiliation></AffiliationInfo>
</Author></AuthorList></Article></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="pubmed">41000001</ArticleId><ArticleId IdType="doi">{PAPER.upper()}</ArticleId>
</ArticleIdList></PubmedData></PubmedArticle></PubmedArticleSet>"""
FOUND = "<eSearchResult><Count>1</Count><IdList><Id>41000001</Id></IdList></eSearchResult>"


def pubmed(request: Request) -> Reply | None:
    """PubMed with one paper of Ada Invented's, which it finds by her iD."""
    if request.source != "pubmed":
        return None
    if request.path.endswith("efetch.fcgi"):
        return said(ARTICLE.encode())
    hers = ORCID in request.query["term"]
    return said((FOUND if hers else "<eSearchResult><Count>0</Count><IdList/></eSearchResult>").encode())


def crossref(request: Request) -> Reply | None:
    """Crossref with the same paper."""
    if request.source != "crossref":
        return None
    author = {"given": "Ada", "family": "Invented", "ORCID": f"http://orcid.org/{ORCID}", "affiliation": []}
    paper = {
        "DOI": PAPER,
        "type": "journal-article",
        "title": ["An invented paper"],
        "author": [author],
        "published": {"date-parts": [[2025, 3, 4]]},
    }
    items = [paper] if ORCID in request.query.get("filter", "") else []
    return said({"status": "ok", "message": {"items": items, "total-results": len(items)}})


def openalex(request: Request) -> Reply | None:
    """OpenAlex with the same paper and a dataset, on two pages."""
    if request.source != "openalex":
        return None
    who = {
        "author": {"display_name": "Ada Invented", "orcid": f"https://orcid.org/{ORCID}"},
        "institutions": [],
    }
    first = {"doi": f"https://doi.org/{PAPER}", "title": "An invented paper", "type": "article"}
    second = {"doi": "https://doi.org/10.5555/invented.data", "title": "Invented data", "type": "dataset"}
    when = {"publication_date": "2025-03-04", "authorships": [who], "ids": {}}
    on_first = request.query["cursor"] == "*"
    page = {**(first if on_first else second), **when}
    return said({"meta": {"next_cursor": "second" if on_first else None}, "results": [page]})


def orcid(request: Request) -> Reply | None:
    """The ORCID record of Ada Invented: the paper, and one without any number."""
    if request.source != "orcid" or ORCID not in request.path:
        return None
    if request.path.endswith("fundings"):
        return said({"group": []})
    when = {"year": {"value": "2025"}, "month": {"value": "03"}, "day": None}
    ids = [{"external-id-type": "doi", "external-id-value": PAPER, "external-id-relationship": "self"}]
    works = [
        {
            "title": {"title": {"value": title}},
            "type": kind,
            "publication-date": when,
            "external-ids": {"external-id": own},
        }
        for title, kind, own in (
            ("An invented paper", "journal-article", ids),
            ("An invented talk", "lecture-speech", []),
        )
    ]
    return said({"group": [{"work-summary": [work]} for work in works]})


def found_for(database: Any, tenant_id: Any, membership_id: Any) -> str:
    """The id of something found for somebody, and not decided."""
    key = new_id().hex
    row = Finding(
        membership_id=UUID(str(membership_id)), natural_key=f"title:{key}", kind="product", product_kind="manuscript",
        title=f"Invented {key}", sources=["crossref"], matched_by="name", score=0.5,
    )  # fmt: skip
    with database.tenant(tenant_id) as session:
        session.add(row)
        session.commit()
    return str(row.id)


def not_verified(database: Any, tenant_id: Any, cohort_id: str) -> str:
    """The id of a verification that was stopped before anybody was asked."""
    with database.tenant(tenant_id) as session:
        ordered = order_verification(session, cohort_id=UUID(cohort_id), fiscal_years=[2025])
        return _stopped(session, ordered)


def not_searched(database: Any, tenant_id: Any, author_id: Any = None) -> str:
    """The id of a search for candidates, by somebody or by the tenant, that was stopped before anybody was asked."""
    author = author_id and UUID(str(author_id))
    with database.tenant(tenant_id, membership_id=author) as session:
        ordered = order_search(
            session, text="Invented", activity_codes=["K23"], fiscal_years=[2025], author_id=author
        )
        return _stopped(session, ordered)


def _stopped(session: Any, ordered: Any) -> str:
    jobs.cancel(session, job_id=ordered.job_id)
    session.commit()
    return str(ordered.id)
