"""`make fuzz`: schemathesis against the whole API, with two tenants as each other's peers.

Starts the product on a throwaway folder, opens two tenants with something of everything in each, and lets
schemathesis generate requests from the OpenAPI document: a fixed seed, a bounded time, 127.0.0.1 only.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from bench.product import Product, running

SECONDS, EXAMPLES = 90, 20
CHECKS = "all"
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


def configuration(folder: Path, tokens: dict[str, str]) -> Path:
    """schemathesis.toml and the two callers it speaks as."""
    callers = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in tokens.items()
    ]
    (folder / "callers.yaml").write_text(yaml.safe_dump({"auth": callers}))
    peers = ", ".join(f'"{name}"' for name in tokens)
    (folder / "schemathesis.toml").write_text(
        f'[auth.wfc]\npath = "{folder / "callers.yaml"}"\npeers = [{peers}]\n'
        # Rules that no schema can state (a stale ETag, a cursor of another list, an id of nobody's) are refused.
        "[checks.positive_data_acceptance]\n"
        'expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 422]\n'
        "[checks.missing_required_header]\n"
        "expected-statuses = [400, 401, 403, 406, 415, 422, 428]\n"
    )
    return folder / "schemathesis.toml"


def main() -> int:
    """Run; schemathesis' exit status."""
    with running() as product, tempfile.TemporaryDirectory() as folder:
        tokens = {name: product.tenant()[1] for name in ("first", "second")}
        for token in tokens.values():
            inhabit(product, token)
        config = configuration(Path(folder), tokens)
        url = f"http://127.0.0.1:{product.port}/v1/openapi.json"
        command = ["--config-file", str(config), "run", url, "--checks", CHECKS, "--seed", "1"]
        command += ["--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), *sys.argv[1:]]
        schemathesis = Path(sys.executable).with_name("schemathesis")
        environ = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder}
        return subprocess.run([schemathesis, *command], cwd=folder, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
