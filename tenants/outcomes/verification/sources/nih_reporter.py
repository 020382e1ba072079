"""Awards from NIH RePORTER: POST /v2/projects/search, at most 500 a page and 15,000 in all, one request a second."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tenants.outcomes.verification.sources.found import AWARD, Asked, Credited, Fetch, Found, Question
from tenants.outcomes.verification.sources.reading import (
    MOST_CREDITED,
    code_of,
    day_said,
    dig,
    each,
    json_of,
    name_said,
    text,
    title_of,
)

PAGE, CAP = 500, 15_000
FIELDS = (
    "ApplId",
    "FiscalYear",
    "ProjectNum",
    "CoreProjectNum",
    "ActivityCode",
    "AgencyIcAdmin",
    "Organization",
    "PrincipalInvestigators",
    "ContactPiName",
    "ProjectTitle",
    "ProjectStartDate",
    "AwardNoticeDate",
    "PrefTerms",
)


class NihReporter:
    """Asked by the names of who leads a project, for one fiscal year at a time."""

    a_second: ClassVar[int] = 1

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """The awards of people of that name."""
        if question.named:
            name = {"first_name": question.given, "last_name": question.family}
            criteria = {"pi_names": [name], "fiscal_years": [question.fiscal_year]}
            for project in projects(criteria, fetch):
                yield award_of(project)


def projects(criteria: Mapping[str, Any], fetch: Fetch, most: int = CAP) -> Iterator[dict[str, Any]]:
    """The projects that meet the criteria, at most so many, and never more than RePORTER lets anybody page through."""
    for offset in range(0, min(most, CAP), PAGE):
        body = {
            "criteria": criteria,
            "include_fields": FIELDS,
            "offset": offset,
            "limit": min(PAGE, most - offset),
        }
        page = json_of(fetch(Asked("/v2/projects/search", {}, body)))
        results = each(page, "results")
        yield from (project for project in results if isinstance(project, dict))
        total = dig(page, "meta", "total")
        if not results or not isinstance(total, int) or offset + len(results) >= total:
            return


def award_of(project: dict[str, Any]) -> Found:
    """The award behind a project, by its core project number: what its years and supplements share."""
    where = text(dig(project, "organization", "org_name"))
    people = [
        Credited(text(dig(who, "first_name")), text(dig(who, "last_name")), None, (where,) if where else ())
        for who in each(project, "principal_investigators")[:MOST_CREDITED]
    ]
    if not people:
        given, family = name_said(project.get("contact_pi_name"))
        people = [Credited(given, family, None, (where,) if where else ())]
    return Found(
        kind=AWARD,
        title=title_of(project.get("project_title")),
        date=day_said(project.get("award_notice_date")) or day_said(project.get("project_start_date")),
        credited=tuple(people),
        project_number=code_of(project.get("core_project_num")) or code_of(project.get("project_num")),
        code=code_of(project.get("activity_code")),
    )
