"""`make fuzz`: schemathesis against the whole API, with two tenants as each other's peers.

Starts the product on a throwaway folder, opens two tenants with something of everything in each, and lets
schemathesis generate requests from the OpenAPI document: a fixed seed, a bounded time, 127.0.0.1 only.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from bench.product import running

SECONDS, EXAMPLES = 90, 20
CHECKS = "all"


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
        'expected-statuses = ["2xx", 400, 401, 403, 404, 409, 412, 422]\n'
        "[checks.missing_required_header]\n"
        "expected-statuses = [400, 401, 403, 404, 406, 409, 415, 422, 428]\n"
    )
    return folder / "schemathesis.toml"


def main() -> int:
    """Run; schemathesis' exit status."""
    with running() as product, tempfile.TemporaryDirectory() as folder:
        tokens = {name: product.tenant()[1] for name in ("first", "second")}
        config = configuration(Path(folder), tokens)
        url = f"http://127.0.0.1:{product.port}/v1/openapi.json"
        command = ["--config-file", str(config), "run", url, "--checks", CHECKS, "--seed", "1"]
        command += ["--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), *sys.argv[1:]]
        schemathesis = Path(sys.executable).with_name("schemathesis")
        environ = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder}
        return subprocess.run([schemathesis, *command], cwd=folder, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
