"""schemathesis against the product as it is served. `make fuzz` lets it try the whole API for a while.

Callers are each other's peers: none may read what is another's. The seed is fixed, and nothing leaves 127.0.0.1.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from api.app import openapi_document
from bench.product import Product, running

SECONDS, EXAMPLES = 90, 20
TERMS = [{"attribute": "institution", "prefer": "different"}]


def inhabit(product: Product, token: str) -> None:
    """One of everything, so that requests reach further than "not found". Everybody is invented."""

    def post(path: str, body: Any = None) -> Any:
        return product.call("POST", path, body, token)

    def get(path: str) -> Any:
        return product.call("GET", path, token=token)

    def ended(path: str) -> None:
        while (state := get(path)["state"]) in ("queued", "checking", "running"):
            time.sleep(0.1)
        assert state == "succeeded", get(path)

    program = post("/v1/programs", {"name": "Circles", "template": "nih_k_awardees"})["id"]
    cohort = post("/v1/cohorts", {"program_id": program, "name": "Fall"})["id"]
    asked = {"mapping": {"external_id": "id", "name": "who", "attributes": {"institution": "where"}}}
    roster = post(f"/v1/cohorts/{cohort}/imports", asked)["id"]
    rows = "".join(f"P{n},Invented {n},Invented University {n % 5}\n" for n in range(12))
    product.call("PUT", f"/v1/imports/{roster}/file", f"id,who,where\n{rows},,\n".encode(), token, "text/csv")
    ended(f"/v1/imports/{roster}")
    recipe = post("/v1/recipes", {"program_id": program, "name": "Apart", "terms": TERMS})["id"]
    for accepted in (False, True):
        run = post("/v1/matching-runs", {"cohort_id": cohort, "recipe_id": recipe})["id"]
        ended(f"/v1/matching-runs/{run}")
        if accepted:
            post(f"/v1/matching-runs/{run}/acceptance")
    member = get(f"/v1/cohorts/{cohort}/participants")["items"][0]["membership_id"]
    post("/v1/products", {"kind": "talk", "title": "Invented", "membership_ids": [member]})
    post("/v1/career-events", {"kind": "promotion", "date": "2024-05-01", "membership_id": member})
    report = post("/v1/reports", {"cohort_id": cohort, "audience": "internal"})["id"]
    ended(f"/v1/reports/{report}")
    post("/v1/clients", {"name": "Another"})
    post(f"/v1/cohorts/{cohort}/imports", asked)


def document() -> dict[str, Any]:
    """The document as schemathesis reads it: it takes away and forges bearer tokens only where the scheme is `http`,
    and asks nothing of what it finds under `oauth2`."""
    told = json.loads(json.dumps(openapi_document()))
    told["components"]["securitySchemes"]["oauth"] = {"type": "http", "scheme": "bearer"}
    return told


def schemathesis(folder: Path, port: int, tokens: dict[str, str], *options: str) -> int:
    """Run it as these callers, by name, and return its exit status. Writes report.ndjson into the folder."""
    callers = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in tokens.items()
    ]
    (folder / "callers.yaml").write_text(yaml.safe_dump({"auth": callers}))
    (folder / "document.json").write_text(json.dumps(document()))
    (folder / "schemathesis.toml").write_text(
        f'[auth.wfc]\npath = "{folder / "callers.yaml"}"\npeers = {json.dumps(list(tokens))}\n'
        # Rules that no schema can state (a stale ETag, a cursor of another list, an id of nobody's) are refused.
        "[checks.positive_data_acceptance]\n"
        'expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 422]\n'
        "[checks.missing_required_header]\n"
        "expected-statuses = [400, 401, 403, 406, 415, 422, 428]\n"
    )
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", folder / "schemathesis.toml"]
    command += ["run", folder / "document.json", "--url", f"http://127.0.0.1:{port}", "--seed", "1"]
    command += [
        "--report",
        "ndjson",
        "--report-ndjson-path",
        folder / "report.ndjson",
        "--no-color",
        *options,
    ]
    environ = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)}
    return subprocess.run(command, cwd=folder, env=environ, check=False).returncode


def main() -> int:
    """Run with every check and two tenants; schemathesis' exit status."""
    with running() as product, tempfile.TemporaryDirectory() as folder:
        tokens = {name: product.tenant()[1] for name in ("first", "second")}
        for token in tokens.values():
            inhabit(product, token)
        how = ("--checks", "all", "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS))
        return schemathesis(Path(folder), product.port, tokens, *how, *sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
