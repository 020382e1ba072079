"""What a member writes in her group: two of everything. All of it is invented."""

from tests.contract import ContractClient


def life_of(api: ContractClient, url: str) -> dict[str, str]:
    """Write two of everything in the group of this URL; an id of each, by path parameter."""
    for number in range(2):
        body = {"text": f"Invented {number}", "builds_on": number}
        assert api.post(f"{url}/charter/versions", json=body).status_code == 201
    assert api.put(f"{url}/charter/versions/2/signature").status_code == 200
    planned = {"topics": [{"title": "Invented"}], "builds_on": 0}
    assert api.put(f"{url}/curriculum", json=planned).status_code == 200
    return {"number": "1", **looked_back(api, url)}


def looked_back(api: ContractClient, url: str) -> dict[str, str]:
    """Look back twice, the first time to the end; the ids of that and of an entry."""
    ids = {}
    for number in range(2):
        made = api.post(f"{url}/retrospectives")
        assert made.status_code == 201, made.get_json()
        one = made.headers["Location"]
        for kind in ("keep", "stop"):
            entry = api.post(f"{one}/entries", json={"kind": kind, "text": f"Invented {number}"})
            assert entry.status_code == 201
        if number == 0:
            ids = {
                "retrospective_id": made.get_json()["id"],
                "retrospective_entry_id": entry.get_json()["id"],
            }
            for phase in ("rating", "agreeing", "agreed"):
                assert api.put(f"{one}/phase", json={"phase": phase}).status_code == 200
    return ids
