"""What a member writes in her group: two of everything. All of it is invented."""

from tests.contract import ContractClient


def life_of(api: ContractClient, url: str) -> dict[str, str]:
    """Write two of everything in the group of this URL, where two wait to be let in; ids of it, by path parameter."""
    for number in range(2):
        body = {"text": f"Invented {number}", "builds_on": number}
        assert api.post(f"{url}/charter/versions", json=body).status_code == 201
    for number in range(2):
        invited = api.post(f"{url}/invitations", json={"name": f"Invented {number}"})
        assert invited.status_code == 201, invited.get_json()
    waiting = [row for row in api.get(f"{url}/roster").get_json()["items"] if row["admitted_at"] is None]
    for place in waiting:
        proposed = api.post(f"{url}/admissions", json={"group_member_id": place["id"]})
        assert proposed.status_code == 201, proposed.get_json()
    return {
        "number": "1",
        "group_invitation_id": invited.get_json()["id"],
        "admission_id": proposed.get_json()["id"],
    }
