"""What invented people say of how their data is used."""

from typing import Any
from uuid import UUID

from tests.contract import ContractClient
from tests.factories.people import Member, member_of

FORM = "Invented form 1"


def bases(api: ContractClient, program_id: str, **changed: str) -> None:
    """Let purposes of a program have these bases."""
    edit_program(api, program_id, bases=changed)


def funders(api: ContractClient, program_id: str, *names: str) -> None:
    """Let a program report to these funders."""
    edit_program(api, program_id, funders=list(names))


def edit_program(api: ContractClient, program_id: str, **changes: Any) -> dict[str, Any]:
    """Change a program as it is now."""
    url = f"/v1/programs/{program_id}"
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()
    changed: dict[str, Any] = answer.get_json()
    return changed


def on_paper(
    api: ContractClient, cohort_id: str, external_ids: list[str], purpose: str, **more: str
) -> dict[str, int]:
    """Note that participants agreed on paper; how many were recorded, unchanged and refused."""
    body = {"purpose": purpose, "external_ids": external_ids, "form": FORM, **more}
    answer = api.post(f"/v1/cohorts/{cohort_id}/consents", json=body)
    assert answer.status_code == 201, answer.get_json()
    counts: dict[str, int] = answer.get_json()
    return counts


def participant_as_member(app: Any, tenant: Any, participant_id: str) -> Member:
    """The person of a participant, once she has joined, with an API client that acts for her."""
    shown = tenant.api.get(f"/v1/participants/{participant_id}").get_json()
    return member_of(app, tenant.id, membership_id=UUID(shown["membership_id"]))


def says(member: Member, program_id: str, purpose: str, decision: str, **more: Any) -> Any:
    """What is answered to a decision on the present wording."""
    body = {
        "program_id": program_id,
        "purpose": purpose,
        "decision": decision,
        "wording_version": "1",
        **more,
    }
    return member.api.post("/v1/me/consents", json=body)
