"""What the documents say is so: the README's walk-through runs, its tables and links hold."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from tenants.kernel.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ROOMS = ("api", "bench", "cli", "migrations", "tenants", "tests", "workers")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
WALK = "\n".join(re.findall(r"^```bash\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
LEFT_BEHIND = """
get "/v1/groups?cohort_id=$cohort" > groups.json
get "/v1/cohorts/$cohort/participants" > participants.json
get "/v1/reports/$report" > report.json
"""


def of_this_machine() -> dict[str, str]:
    """The environment, with our interpreter first and no servers of somebody else."""
    ours = {each.name.upper() for each in fields(Settings)} | {"DATABASE_OWNER_URL", "API"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a product that keeps its data where a newcomer's would."""
    command = [sys.executable, "-P", "-m", "cli.main", "serve", "--port", "0", "--workers", "1"]
    with (tmp_path / "serve.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=of_this_machine(), stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        word, _, address = process.stdout.readline().strip().partition(" ")
        assert word == "ready", (tmp_path / "serve.log").read_text()
        yield address
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
        removed = "from cli.embedded import remove; from pathlib import Path; remove(Path('.peerloom'))"
        subprocess.run([sys.executable, "-P", "-c", removed], cwd=tmp_path, check=True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk-through needs curl")
def test_the_walk_through_of_the_readme_runs_as_it_is_written(served: str, tmp_path: Path) -> None:
    script = f"set -euo pipefail\n{WALK}\n{LEFT_BEHIND}"
    walked = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**of_this_machine(), "API": served},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    left = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("groups", "report")}
    people = json.loads((tmp_path / "participants.json").read_text())["items"]
    assert [group["state"] for group in left["groups"]["items"]] == ["formed"] * 3
    assert [person["state"] for person in people] == ["placed"] * 12
    assert left["report"]["state"] == "succeeded"


def test_the_readme_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]+?)`? \|", README, re.MULTILINE))
    assert listed.pop("DATABASE_OWNER_URL") == "required to migrate"
    known = {each.name.upper(): each.default for each in fields(Settings)}
    assert listed.keys() == known.keys()
    for name, default in known.items():
        said = {MISSING: "required", None: "none", "": "none"}.get(default, default)
        said = str(said).lower() if isinstance(said, bool) else said
        assert listed[name] == (f"{said:g}" if isinstance(said, float) else str(said)), name


def test_the_readme_leads_to_every_guide() -> None:
    guides = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert guides - set(re.findall(r"\]\(([^)#]+)\)", README)) == set()


def test_every_make_command_that_a_document_or_the_code_names_exists() -> None:
    named_in = [*DOCUMENTS, *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for each in named_in for name in re.findall(r"`make ([a-z-]+)`", each.read_text())}
    assert named
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_every_route_that_a_guide_names_exists() -> None:
    paths = yaml.load((ROOT / "openapi/v1.yaml").read_text(), yaml.CSafeLoader)["paths"]
    known = {plain(path): {verb.upper() for verb in verbs} for path, verbs in paths.items()}
    route = re.compile(r"(?:(GET|PUT|POST|PATCH|DELETE) +)?`?(/v1/[a-z{}_/-]*[a-z}])(?![\w.])")
    named = [
        (guide.name, *found) for guide in ROOT.glob("docs/*.md") for found in route.findall(guide.read_text())
    ]
    assert len(named) > 100
    assert [each for each in named if plain(each[2]) not in known] == []
    assert [each for each in named if each[1] and each[1] not in known[plain(each[2])]] == []


def plain(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"{\w+}", "{}", path)


def test_the_list_of_events_is_that_of_the_code() -> None:
    table = re.findall(r"^\| (`[a-z_]+\.[^|]+) \|", (ROOT / "docs/events.md").read_text(), re.MULTILINE)
    listed = [name for row in table for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", row)]
    whole, begun = events_in_the_code({name.partition(".")[0] for name in listed})
    assert len(listed) == len(set(listed))
    assert whole - set(listed) == set()
    assert [name for name in listed if name not in whole and not name.startswith(tuple(begun))] == []
    assert [start for start in begun if not any(name.startswith(start) for name in listed)] == []


def events_in_the_code(subjects: set[str]) -> tuple[set[str], set[str]]:
    """What is recorded, or looks like it and is of one of these subjects; and how names begin that end by a value."""
    whole, begun = set[str](), set[str]()
    for node in (
        node for path in (ROOT / "tenants").rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))
    ):
        match node:
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]) if re.fullmatch(
                r"[a-z_]+\.[a-z_]*", start
            ):
                begun.add(start)
            case ast.Call(func=ast.Attribute(attr="record"), args=[_, ast.Constant(value=str(name))]):
                whole.add(name)
            case ast.Constant(value=str(name)) if re.fullmatch(r"[a-z_]+\.[a-z_]*[a-z]", name):
                subject, _, what = name.partition(".")
                whole |= {name} if subject in subjects and not what.endswith("id") else set()
    for path in (ROOT / "migrations/versions").glob("*.py"):  # what doors tell others
        begun |= set(re.findall(r"'([a-z_]+\.)' \|\|", path.read_text()))
    return whole, begun


@pytest.mark.parametrize("record", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_says_context_decision_status_and_consequences(record: Path) -> None:
    number, title = re.match(r"# (\d+)\. (.+)\n", record.read_text()).groups()  # type: ignore[union-attr]
    assert record.stem.startswith(f"{int(number):03}-")
    assert title
    headings = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)
    assert headings == ["Context", "Decision", "Status", "Consequences"]


def test_no_secret_stands_in_the_compose_file() -> None:
    said = {
        (service, name): value
        for service, definition in COMPOSE["services"].items()
        for name, value in definition.get("environment", {}).items()
    }
    secrets = {key: value for key, value in said.items() if re.search("PASSWORD|SECRET|ENCRYPTION", key[1])}
    urls = {key: value for key, value in said.items() if "://peerloom_" in value}
    assert len(secrets) >= 6
    assert all(re.fullmatch(r"\$\{[A-Z_]+:[?-]\}", value) for value in secrets.values())
    assert all(re.search(r":\$\{[A-Z_]+:\?\}@", value) for value in urls.values())


def test_only_the_migrations_know_the_owner_of_the_schema() -> None:
    services = COMPOSE["services"]
    knowing = {name for name in services if "DATABASE_OWNER_URL" in services[name].get("environment", {})}
    assert knowing == {"migrate"}


def test_every_service_of_ours_has_the_settings_it_needs() -> None:
    image = set(re.findall(r"^ENV ([A-Z_]+)=", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    required = {each.name.upper() for each in fields(Settings) if each.default is MISSING}
    ours = [each for each in COMPOSE["services"].values() if each["image"] == "peerloom"]
    assert len(ours) == 5
    assert all(required <= image | each["environment"].keys() for each in ours)


def test_every_service_that_stays_has_a_health_check() -> None:
    staying = {name for name, each in COMPOSE["services"].items() if each["restart"] != "no"}
    assert staying == {"postgres", "valkey", "api", "worker", "quick-worker", "scheduler"}
    assert all(COMPOSE["services"][name]["healthcheck"]["test"][0] == "CMD" for name in staying)


def test_the_image_holds_every_package_and_lets_nothing_else_in() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert sources == admitted
    assert {"api", "cli", "migrations", "openapi", "tenants", "workers"} <= sources
