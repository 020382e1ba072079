"""Why people are together, in words."""

from collections import Counter

from cli.demo.client import Client, Resource
from cli.demo.screen import say, table

COLUMNS = ("activity_code", "first_fiscal_year", "institute", "institution_state", "institution")
PREFERRED = {"similar": "alike", "different": "different"}


def describe(client: Client, program: Resource, run: Resource) -> None:
    """Print the best and the worst group of a run: who is in them, and what each wish of the recipe came to."""
    groups = list(client.items(f"/v1/matching-runs/{run['id']}/proposed-groups"))
    labels = {each["key"]: each["label"] for each in client.items(f"/v1/programs/{program['id']}/attributes")}
    order = sorted(groups, key=lambda group: (-group["value"], group["position"]))
    for place, group in {"best": order[0], "weakest": order[-1]}.items():
        say(f"the {place}: group {group['position']:,} of {len(groups):,}, value {group['value']:.3f}")
        members = [client.get(f"/v1/participants/{each['participant_id']}") for each in group["members"]]
        table([_member(each) for each in members])
        say("together because")
        wishes = sorted(group["terms"], key=lambda wish: -wish["weight"])
        table([_wish(each, labels[each["attribute"]], members) for each in wishes])


def degree(value: float) -> str:
    """How far a wish came true, 0 to 1, in a word."""
    for least, word in ((0.995, "wholly"), (0.75, "mostly"), (0.4, "partly"), (0.1, "hardly")):
        if value >= least:
            return word
    return "not"


def _member(known: Resource) -> list[object]:
    return [known["external_id"], known["name"], *(known["attributes"].get(key) for key in COLUMNS)]


def _wish(wish: Resource, label: str, members: list[Resource]) -> list[object]:
    """The label, how far the wish came true, and the values behind that."""
    values = Counter(str(each["attributes"].get(wish["attribute"], "unknown")) for each in members)
    said = ", ".join(
        value if number == 1 else f"{number} × {value}" for value, number in values.most_common()
    )
    return [
        f"  {label}",
        f"{degree(wish['value'])} {PREFERRED[wish['prefer']]}",
        f"{wish['value']:.2f}",
        said,
    ]
