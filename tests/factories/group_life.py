"""What a member writes in her group: two of everything. All of it is invented."""

from tests.contract import ContractClient


def life_of(api: ContractClient, url: str) -> dict[str, str]:
    """Write two of everything in the group of this URL; an id of each, by path parameter."""
    for number in range(2):
        body = {"text": f"Invented {number}", "builds_on": number}
        assert api.post(f"{url}/charter/versions", json=body).status_code == 201
    ids = {"number": "1"}
    for number in range(2):
        made = api.post(f"{url}/check-ins", json={"answers": {"worth_it": number + 1}})
        assert made.status_code == 201, made.get_json()
        ids["check_in_id"] = made.get_json()["id"]
    return {**ids, **shelved(api, url)}


def shelved(api: ContractClient, url: str) -> dict[str, str]:
    """Two files on the group's shelf, both shared; the ids of the last."""
    ids = {}
    for number in range(2):
        body = {"kind": "guidance", "title": f"Invented {number}", "licence": "CC0"}
        made = api.post(f"{url}/resources", json=body)
        assert made.status_code == 201, made.get_json()
        ids["resource_id"] = made.get_json()["id"]
        one = f"{url}/resources/{ids['resource_id']}"
        assert api.put(f"{one}/file", data=b"aim,page\n1,2\n", content_type="text/csv").status_code == 200
        shared = api.post(f"{one}/share", json={"scope": "tenant", "licence_confirmed": True})
        assert shared.status_code == 201, shared.get_json()
        ids["shared_resource_id"] = shared.get_json()["id"]
    return ids
