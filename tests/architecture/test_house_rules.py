"""The house rules that a machine can hold us to."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tenants.kernel.claims import Claim
from tenants.kernel.jobs import KINDS, QUEUES
from tenants.kernel.mail import LETTERS
from tests.factories.mail import WELCOME
from workers.tenant_job import function_named

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "bench", "cli", "migrations", "tenants", "workers")
NOT_OURS = {
    ".git",
    ".venv",
    ".peerloom",
    ".hypothesis",
    "build",
    "demo-output",
    "__pycache__",
    "node_modules",
}
LINES_A_FILE, LINES_A_FUNCTION = 300, 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "services", "misc"}
PURE = (
    "tenants/cohorts/tabular",
    "tenants/cohorts/templates",
    "tenants/cohorts/values.py",
    "tenants/matching/randomising.py",
    "tenants/matching/solver",
    "tenants/meetings/rhythm.py",
    "tenants/outcomes/organizations/aliases.py",
    "tenants/outcomes/organizations/choosing.py",
    "tenants/outcomes/organizations/countries.py",
    "tenants/outcomes/organizations/naming.py",
    "tenants/outcomes/verification/sources",
    "tenants/outcomes/verification/whose.py",
    "tenants/people/consent.py",
    "tenants/reporting/audit",
    "tenants/reporting/figures.py",
    "tenants/reporting/holding.py",
    "tenants/reporting/lifting.py",
    "tenants/reporting/pools/content.py",
    "tenants/reporting/named/listing.py",
    "tenants/reporting/named/words.py",
    "tenants/reporting/releasing.py",
    "tenants/reporting/statistics",
    "tenants/reporting/suppression",
    "tenants/reporting/survival.py",
    "tenants/reporting/shapes.py",
    "tenants/reporting/standing.py",
    "tenants/reporting/tables.py",
    "tenants/reporting/years.py",
)
REGISTRY = re.compile(
    r"(pypi|pythonhosted|npmjs|rubygems|crates|conda|artifactory|nexus|devpi|jfrog)[\w.-]*\.(org|com|io|net)"
    r"|(?<!no-emit)-{2}(extra-)?index-url|index_url\s*=",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.-])/(work|root|Users|home/\w+|mnt|workspace)/[\w.]")


def code():
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def everything():
    """Every text file of the tree that is ours, with its text."""
    for path in sorted(ROOT.rglob("*")):
        ours = not NOT_OURS.intersection(path.relative_to(ROOT).parts) and "egg-info" not in str(path)
        cached = any(part.endswith("_cache") for part in path.parts)
        if ours and not cached and path.is_file() and not path.is_symlink() and path != Path(__file__):
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def is_capped(path):
    return "versions" not in path.parts


def test_imports_run_downward_only():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_room_of_tenants_has_its_place_in_the_order():
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    order = next(each["layers"] for each in contracts if each.get("containers") == ["tenants"])
    rooms = {path.parent.name for path in (ROOT / "tenants").glob("*/__init__.py")}
    assert set(order) == rooms
    bell = next(each for each in contracts if "rq" in each.get("forbidden_modules", ()))
    assert set(bell["source_modules"]) == {f"tenants.{room}" for room in rooms - {"kernel"}}


def test_what_only_computes_stays_in_its_room():
    for pure in PURE:
        room = ".".join(pure.split("/")[:2])
        files = [ROOT / pure] if pure.endswith(".py") else sorted((ROOT / pure).rglob("*.py"))
        assert files
        for path in files:
            for name in imported_by(path):
                assert not name.startswith(("api", "workers", "cli", "migrations")), path
                assert not name.startswith("tenants") or name.startswith(room + "."), (path, name)


def imported_by(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_a_file_can_be_read_at_a_sitting():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in code() if is_capped(path)
    }
    assert {path: lines for path, lines in lengths.items() if lines > LINES_A_FILE} == {}


def test_a_function_can_be_read_at_a_glance():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in code()
        if is_capped(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions) and node.end_lineno - node.lineno + 1 > LINES_A_FUNCTION
    ]
    assert long == []


def test_no_file_has_a_name_that_says_nothing():
    vague = [
        str(path.relative_to(ROOT))
        for room in (*ROOMS, "tests")
        for path in (ROOT / room).rglob("*")
        if VAGUE & set(path.stem.lower().split("_"))
        and not NOT_OURS.intersection(path.relative_to(ROOT).parts)
    ]
    assert vague == []


def test_what_tenants_offers_says_what_it_means():
    silent = []
    for path in sorted((ROOT / "tenants").rglob("*.py")):
        tree = ast.parse(path.read_text())
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
        silent += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}" for node in offered(tree) if not told(node)
        ]
    assert silent == []


def offered(tree):
    """The public functions and classes of a module, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    inner
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
                )


def told(node):
    return bool(ast.get_docstring(node))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_function_of_every_kind_of_job_exists(kind):
    assert KINDS[kind].queue in QUEUES
    parameters = list(inspect.signature(function_named(KINDS[kind].function)).parameters.values())
    assert [parameter.annotation for parameter in parameters] in ([Claim], ["Claim"])


def test_every_kind_of_letter_has_a_composer_in_a_room_above_the_kernel():
    assert [name for name in LETTERS.values() if not re.match(r"tenants\.(?!kernel\.)", name)] == []
    for name in (*LETTERS.values(), *WELCOME.values()):
        parameters = inspect.signature(resolve_name(name)).parameters
        assert list(parameters) == ["session", "subject_id", "settings"], name


def test_the_tree_names_no_package_registry_and_no_path_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in everything()
        for match in (REGISTRY.search(text), MACHINE_PATH.search(text))
        if match
    ]
    assert found == []
