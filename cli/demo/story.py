"""The story that the demo tells: from an empty product to groups and reports, over HTTP alone."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from cli.demo import screen
from cli.demo.client import Client, Refused, Resource
from cli.demo.product import Product, running_product
from cli.demo.roster import CAREER_EVENT_COLUMNS, PRODUCT_COLUMNS
from cli.demo.screen import say, step
from cli.demo.sources import AGREED, Files, columns
from cli.demo.together import describe

TEMPLATE = "nih_k_awardees"
FUNDER = "Invented Foundation"
ATTRIBUTES: tuple[Resource, ...] = (
    {"key": "institution_state", "label": "State", "kind": "categorical", "open": True},
    {"key": "first_fiscal_year", "label": "First fiscal year of the award", "kind": "number"},
)
RECIPE: Resource = {
    "name": "Same award and year, different institutes and states",
    "size": {"min": 5, "max": 7},
    "terms": [
        {"attribute": "activity_code", "prefer": "similar", "weight": 3},
        {"attribute": "first_fiscal_year", "prefer": "similar", "weight": 3},
        {"attribute": "institute", "prefer": "different", "weight": 2},
        {"attribute": "institution_state", "prefer": "different", "weight": 1},
    ],
    "rules": [{"rule": "cap", "attribute": "institution", "max": 1}],
}
LISTS = ("programs", "cohorts", "matching-runs", "groups", "products", "career-events", "reports")
CURVE = "time_to_r01_leavers_compete"
FAILURES_SHOWN = 3
FORMS_AT_ONCE = 5000


def tell(files: Files, output: Path) -> None:
    """Tell it all, and clean up whatever happens. Raises click.ClickException where something goes wrong."""
    whose = "everybody in it is invented" if files.invented else "with the people of your file"
    click.echo(f"Peerloom, from an empty database to a report; {whose}.")
    with ExitStack() as stack:
        with step("Start the product: PostgreSQL, Valkey, API, scheduler, workers"):
            product = stack.enter_context(running_product())
            say(f"listening on {product.address}")
        placed = _Story(product, files, output).tell()
    click.echo(f"\n{placed}")


class _Story:
    """The steps, in their order. Each leaves behind what the next ones need."""

    def __init__(self, product: Product, files: Files, output: Path) -> None:
        self._product = product
        self._files = files
        self._output = output

    def tell(self) -> str:
        """All steps; what was placed, in a sentence."""
        with step("Open two tenants"):
            society, funder = self._open_tenants()
        with step("Define a program and open a cohort"):
            program = self._define_program(society)
            cohort = society.post("/v1/cohorts", {"program_id": program["id"], "name": "Demonstration"})
        with step("Import the roster: once to see, once for good"):
            self._import_roster(society, cohort)
        with step("Form groups"):
            run = self._form_groups(society, program, cohort)
        with step("Look at two of them"):
            describe(society, program, run)
        with step("Accept them"):
            society.post(f"/v1/matching-runs/{run['id']}/acceptance")
            _show_groups(society, cohort)
        with step("Import what came of these people"):
            self._import_outcomes(society, cohort)
        with step(f"Record who has agreed on paper to be shared with {FUNDER}"):
            self._record_forms(society, cohort)
        with step(f"Report to ourselves and to a funder, into {self._output}/"):
            internal = self._report(society, cohort)
        with step("Time from the first K award to the first R01-equivalent"):
            _show_curve(internal)
        with step("What the funder's tenant sees of all this"):
            _show_wall(funder, cohort)
        people = run["placed_count"] + run["unplaced_count"]
        return f"placed {run['placed_count']:,} of {people:,} people in {run['group_count']:,} groups"

    def _open_tenants(self) -> tuple[Client, Client]:
        names = {"society": "Invented Society of Early-Career Researchers", "funder": FUNDER}
        opened = []
        for kind, name in names.items():
            opened.append(self._product.open_tenant(kind=kind, slug=f"invented-{kind}", name=name))
            say(f"{kind:<8} {name}")
        return opened[0], opened[1]

    def _define_program(self, society: Client) -> Resource:
        asked = {"name": "Peer mentoring circles", "template": TEMPLATE, "funders": [FUNDER]}
        program = society.post("/v1/programs", asked)
        for attribute in ATTRIBUTES:
            society.post(f"/v1/programs/{program['id']}/attributes", attribute)
        known = list(society.items(f"/v1/programs/{program['id']}/attributes"))
        say(f"template {TEMPLATE}: {len(known)} attributes, {len(ATTRIBUTES)} of them added by us")
        return program

    def _import_roster(self, society: Client, cohort: Resource) -> None:
        asked = {"kind": "roster", "mode": "update", "mapping": self._files.mapping}
        for label, dry_run in (("dry run", True), ("import", False)):
            done = _imported(society, cohort, {**asked, "dry_run": dry_run}, self._files.roster, label)
        _show_failures(society, done)

    def _import_outcomes(self, society: Client, cohort: Resource) -> None:
        kinds = (
            ("products", self._files.products, PRODUCT_COLUMNS),
            ("career_events", self._files.career_events, CAREER_EVENT_COLUMNS),
        )
        for kind, file, known in kinds:
            if file is None:
                say(f"{kind.replace('_', ' ')}: no file given")
                continue
            asked: Resource = {"kind": kind, "mode": "update", "mapping": columns(known, file)}
            done = _imported(society, cohort, asked, file, kind.replace("_", " "))
            _show_failures(society, done, lines=not self._files.rewritten)

    def _record_forms(self, society: Client, cohort: Resource) -> None:
        """Nobody is in the report to the funder who has not agreed."""
        if not self._files.agreed:
            say(f"nobody: the roster has no column {AGREED}, so the report to the funder is about nobody")
            return
        participants = society.items(f"/v1/cohorts/{cohort['id']}/participants")
        known = [each["external_id"] for each in participants]
        signed = [external_id for external_id in known if external_id in self._files.agreed]
        form: Resource = {"purpose": "funder_sharing", "funder": FUNDER, "form": "Invented form 1"}
        for first in range(0, len(signed), FORMS_AT_ONCE):
            asked = {**form, "external_ids": signed[first : first + FORMS_AT_ONCE]}
            society.post(f"/v1/cohorts/{cohort['id']}/consents", asked)
        say(f"{len(signed):,} of {len(known):,} people have; the report to it leaves out the others")

    def _form_groups(self, society: Client, program: Resource, cohort: Resource) -> Resource:
        recipe = society.post("/v1/recipes", {"program_id": program["id"], **RECIPE})
        for term in recipe["terms"]:
            say(f"{term['prefer']:<9} {term['attribute']:<18} weight {term['weight']:g}")
        say(f"at most one of an institution; {recipe['size']['min']} to {recipe['size']['max']} members")
        started = society.post(
            "/v1/matching-runs", {"cohort_id": cohort["id"], "recipe_id": recipe["id"], "seed": 1}
        )
        run = _watched(society, f"/v1/matching-runs/{started['id']}", "matching")
        say(
            f"{run['group_count']:,} groups, value {run['value']:.3f} (at most {run['bound']:.3f}); "
            f"{run['placed_count']:,} people placed, {run['unplaced_count']:,} not"
        )
        return run

    def _report(self, society: Client, cohort: Resource) -> Resource:
        read: dict[str, Any] = {}
        for audience in ("internal", "funder"):
            asked: Resource = {"cohort_id": cohort["id"], "audience": audience, "formats": ["json", "csv"]}
            if audience == "funder":
                asked["funder"] = FUNDER
            report = society.post("/v1/reports", asked)
            _watched(society, f"/v1/reports/{report['id']}", audience)
            for kind in ("json", "csv"):
                file = self._output / f"{audience}.{kind}"
                society.download(f"/v1/reports/{report['id']}/files/{kind}", file)
            read[audience] = json.loads((self._output / f"{audience}.json").read_text())
            shown, hidden = _numbers(read[audience])
            say(f"{audience}.json, {audience}.csv: {shown} numbers shown, {hidden} hidden")
        internal: Resource = read["internal"]
        return internal


def _watched(client: Client, path: str, label: str) -> Resource:
    """Work in the background, watched to its end. Raises click.ClickException unless it succeeds."""
    progress = screen.Progress(label)
    ended = client.finished(path, lambda now: progress.show(now.get("progress", 0.0), now["state"]))
    progress.end(1.0 if ended["state"] == "succeeded" else ended.get("progress", 0.0), ended["state"])
    if ended["state"] != "succeeded":
        why = ended.get("error") or {"message": " ".join(ended.get("reasons", []))}
        raise click.ClickException(f"{label} ended {ended['state']}: {why['message']}")
    return ended


def _imported(client: Client, cohort: Resource, asked: Resource, file: Path, label: str) -> Resource:
    made = client.post(f"/v1/cohorts/{cohort['id']}/imports", asked)
    client.put_csv(f"/v1/imports/{made['id']}/file", file)
    done = _watched(client, f"/v1/imports/{made['id']}", label)
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in done["counts"].items() if number)
    say(f"{'would be: ' if done['dry_run'] else ''}{counts}")
    return done


def _show_failures(client: Client, done: Resource, *, lines: bool = True) -> None:
    """The first rows that were left out, and how many were for the same reason."""
    failed = done["counts"]["failed"]
    if not failed:
        return
    page = client.get(f"/v1/imports/{done['id']}/rows", outcome="failed", limit=FAILURES_SHOWN)
    for row in page["items"]:
        say(f"  line {row['line']}: {row['message']}" if lines else f"  {row['message']}")
    if failed > FAILURES_SHOWN:
        say(f"  … and {failed - FAILURES_SHOWN:,} more; all of them are left out")


def _show_groups(client: Client, cohort: Resource) -> None:
    sizes: dict[int, int] = {}
    for group in client.items("/v1/groups", cohort_id=cohort["id"]):
        sizes[group["member_count"]] = sizes.get(group["member_count"], 0) + 1
    of_sizes = ", ".join(f"{number:,} of {size} members" for size, number in sorted(sizes.items()))
    say(f"{sum(sizes.values()):,} groups formed: {of_sizes}")


def _numbers(report: Resource) -> tuple[int, int]:
    """How many numbers of people, groups or products a report shows, and how many it does not."""
    values = [cell["value"] for table in _tables(report) for cell in table["cells"]]
    hidden = values.count(None)
    return len(values) - hidden, hidden


def _tables(report: Resource) -> list[Resource]:
    return [table for section in report["sections"] for table in section["tables"]]


def _show_curve(report: Resource) -> None:
    followed = next(table for table in _tables(report) if table["name"] == "follow_up")
    labels = {each["code"]: each["label"] for each in followed["dimensions"][0]["codes"]}
    for cell in followed["cells"]:
        if cell["value"] and cell["at"]:
            (code,) = cell["at"].values()
            say(f"{cell['value']:>6,} {labels[code]}")
    figures = [figure for section in report["sections"] for figure in section["figures"]]
    found = next((figure for figure in figures if figure["id"] == CURVE), None)
    if found is None or not found["series"][0]["points"]:
        say("nobody can be followed, so there is no curve")
        return
    say("share with such an award by years since the first K award, 95 % interval")
    screen.curve([screen.Year(**point) for point in found["series"][0]["points"]])


def _show_wall(funder: Client, cohort: Resource) -> None:
    seen = {name: len(funder.get(f"/v1/{name}")["items"]) for name in LISTS}
    say(", ".join(f"{number} {name}" for name, number in seen.items()))
    try:
        funder.get(f"/v1/cohorts/{cohort['id']}")
    except Refused as refused:
        say(f"the society's cohort, asked for by its id: {refused.status}")
        if refused.status != 404 or any(seen.values()):
            raise click.ClickException("the wall between the tenants does not hold") from refused
    else:
        raise click.ClickException("the wall between the tenants does not hold")
