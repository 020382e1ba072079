"""An import of 100,000 rows through the API, against COPY of the same rows into the same tables."""

import csv
import io
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.product import Product, running

ROWS = 100_000
AT_MOST, MIB_AT_MOST = 8.0, 400
TABLES = ("membership", "participant", "participant_change", "import_row")
ATTRIBUTES = ("institution", "institution_state", "activity_code", "institute", "rank", "problem_area")


def main() -> bool:
    """Print the ratio and the worker's peak memory; whether both hold."""
    with running() as product:
        _first_import(product)
        tenant_id, token = product.tenant()
        cohort_id = _cohort(product, token)
        with _PeakMemory() as peak:
            seconds = _import(product, token, cohort_id)
        copied = _copy_again(product, tenant_id)
    ratio = seconds / copied
    print(
        f"import of {ROWS:,} rows: {seconds:.1f} s v. COPY of the same rows {copied:.1f} s:"
        f" {ratio:.1f} times (at most {AT_MOST:.0f}); peak memory of the worker {peak.mib:.0f} MiB"
        f" (under {MIB_AT_MOST})"
    )
    return ratio <= AT_MOST and peak.mib < MIB_AT_MOST


def _first_import(product: Product) -> None:
    """Fill another tenant, so that PostgreSQL's statistics know tables that the measured import is not in."""
    _, token = product.tenant()
    _import(product, token, _cohort(product, token))
    with product.superuser() as connection:
        connection.execute("ANALYZE")


def _cohort(product: Product, token: str) -> str:
    program = product.call("POST", "/v1/programs", {"name": "Invented program"}, token)["id"]
    for key in ATTRIBUTES:
        attribute = {"key": key, "label": key, "kind": "categorical"}
        product.call("POST", f"/v1/programs/{program}/attributes", attribute, token)
    cohort = {"program_id": program, "name": "Invented cohort"}
    found: str = product.call("POST", "/v1/cohorts", cohort, token)["id"]
    return found


def _import(product: Product, token: str, cohort_id: str) -> float:
    mapping = {
        "external_id": "id",
        "name": "name",
        "email": "email",
        "attributes": {key: key for key in ATTRIBUTES},
    }
    body = {"kind": "roster", "mode": "update", "mapping": mapping}
    made = product.call("POST", f"/v1/cohorts/{cohort_id}/imports", body, token)["id"]
    file = _file()
    started = time.monotonic()
    product.call("PUT", f"/v1/imports/{made}/file", file, token, content_type="text/csv")
    while True:
        found = product.call("GET", f"/v1/imports/{made}", token=token)
        if found["state"] not in ("checking", "running"):
            break
        time.sleep(0.05)
    if found["state"] != "succeeded" or found["counts"]["created"] != ROWS:
        raise RuntimeError(str(found))
    return time.monotonic() - started


def _file() -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "name", "email", *ATTRIBUTES])
    for number in range(ROWS):
        values = [f"Invented University {number % 700}", f"S{number % 50}", f"K{number % 9}"]
        values += [f"I{number % 27}", f"rank {number % 4}", f"area {number % 8}"]
        writer.writerow([f"INV-{number:06}", f"Invented Person {number}", f"p{number}@example.org", *values])
    return text.getvalue().encode()


def _copy_again(product: Product, tenant_id: UUID) -> float:
    """Seconds that COPY needs for what the import wrote: same columns, keys, indexes and foreign keys."""
    with product.superuser() as connection:
        connection.execute("CREATE SCHEMA again")
        saved = {}
        for table in TABLES:
            connection.execute(f'CREATE TABLE again."{table}" (LIKE public."{table}" INCLUDING ALL)')
            saved[table] = _copy_out(connection, table, tenant_id)
        for key in _foreign_keys(connection):
            connection.execute(key)
        started = time.monotonic()
        with connection.transaction():
            for table in TABLES:
                with connection.cursor().copy(f'COPY again."{table}" FROM STDIN (FORMAT binary)') as copy:
                    copy.write(saved[table])
        return time.monotonic() - started


def _copy_out(connection: Any, table: str, tenant_id: UUID) -> bytes:
    query = f"SELECT * FROM public.\"{table}\" WHERE tenant_id = '{tenant_id}'"  # noqa: S608
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
        return b"".join(bytes(part) for part in copy)


def _foreign_keys(connection: Any) -> list[str]:
    found = connection.execute(
        "SELECT c.conrelid::regclass::text, pg_get_constraintdef(c.oid), c.confrelid::regclass::text"
        "  FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY (%s)",
        (list(TABLES),),
    )
    keys = []
    for table, definition, target in found.fetchall():
        there = definition.replace(f"REFERENCES {target}(", f'REFERENCES again."{target}"(')
        keys.append(f'ALTER TABLE again."{table}" ADD {there if target in TABLES else definition}')
    return keys


class _PeakMemory:
    """The largest resident set that any `peerloom worker` process, or its work-horse, reaches."""

    def __enter__(self) -> "_PeakMemory":
        self.mib = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                self.mib = max(self.mib, _peak_of(process))


def _peak_of(process: Path) -> float:
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        if b"worker" not in command or b"cli.main" not in command:
            return 0.0
        lines = (process / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
