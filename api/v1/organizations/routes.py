"""/v1/organizations"""

from typing import Any

from api.blueprint import Blueprint
from api.v1.organizations.schemas import OrganizationMatches, OrganizationQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.outcomes.organizations.choosing import Place
from tenants.outcomes.organizations.queries import candidates_for

blp = Blueprint("Organizations", description="Organizations of the Research Organization Registry (ROR).")


@blp.get("/organizations", Permission.OUTCOMES_READ, query=OrganizationQuery, returns=OrganizationMatches)
def match_organizations(session: Session, query: dict[str, Any]) -> dict[str, Any]:
    """Which organizations a printed name or affiliation may mean."""
    affiliation, country = query.pop("affiliation"), query.pop("country_code")
    place = Place(**query, country_code=country and country.upper())
    found = candidates_for(session, printed=affiliation, place=place)
    return {
        "affiliation": affiliation,
        "candidates": [
            {
                "id": each.organization.id,
                "name": each.organization.name,
                "city": each.organization.city,
                "region": each.organization.region,
                "country_code": each.organization.country_code,
                "score": each.score,
                "chosen": each.chosen,
            }
            for each in found
        ],
    }
