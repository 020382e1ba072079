"""What makes two records one is the same in SQL as it is of two at a time."""

import pytest
from sqlalchemy import text

from tenants.outcomes.identity import core_project_number, identity_of
from tenants.outcomes.identity_sql import core_of, project_of

NUMBERS = (
    "1R01ZZ000001-01A1", "5 r01zz000001-03", "R01-ZZ-000001", "3R01ZZ000001-02S1", "R01ZZ000001-02A1S2X",
    "3R01ZZ000001-02", "3UL1TR001234-05S2", "2045678", "0R01ZZ000001-01", "R01ZZ00001", "R01ZZ000001S1",
)  # fmt: skip
KINDS = ("proposal_submitted", "proposal_awarded", "supplement", "manuscript")


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_names_the_same_project_in_sql(tenant, database, kind):
    told = "(SELECT CAST(:kind AS text) AS kind, CAST(:number AS text) AS project_number) p"
    asked = text(f"SELECT {core_of('p.project_number')}, {project_of('p')} FROM {told}")  # noqa: S608 - constants
    with database.tenant(tenant.id) as session:
        for number in NUMBERS:
            core, project = session.execute(asked, {"kind": kind, "number": number}).one()
            assert core == core_project_number(number), number
            assert {project} - {None} == identity_of({"kind": kind, "project_number": number}), number
