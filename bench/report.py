"""A full internal report on a large program, v. DuckDB running the same aggregates over the same rows exported.

`python -m bench.report [share]`: 100,000 participants, 10,000 groups, 1,000,000 products, 120,000 meetings, or a share
of them. Limits: at most 3 times DuckDB's seconds, and under 400 MiB in the process that builds the report.
"""

import argparse
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import psycopg

from bench.report_in_duckdb import aggregates
from bench.report_rows import TABLES, plant
from cli.embedded import acquire, remove
from migrations import upgrade
from tenants.institutions.actions import open_tenant
from tenants.kernel.ids import new_id
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings, owner_database_url
from tenants.reporting.actions import order_report
from workers.tenant_job import run_job

AT_MOST, MIB_AT_MOST = 3.0, 400
SIZES = {"people": 100_000, "groups": 10_000, "products": 1_000_000, "meetings": 120_000}
TIMES = 3


def main(share: float = 1.0) -> bool:
    """Print the ratio and the memory; whether both hold."""
    sizes = {name: round(number * share) for name, number in SIZES.items()}
    data = Path(tempfile.mkdtemp(prefix="peerloom-bench-"))
    data.chmod(0o755)
    servers, stop = acquire(data)
    try:
        environment = servers.environment()
        upgrade(owner_database_url(environment))
        url = environment["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
        with psycopg.connect(servers.url_as("postgres", "peerloom"), autocommit=True) as superuser:
            tenant_id = new_id()
            database = Database(url)
            with database.tenant(tenant_id) as session:
                open_tenant(
                    session, kind="society", slug=f"bench-{tenant_id.hex[:20]}", name="Invented Society"
                )
                session.commit()
            program_id = plant(superuser, tenant_id, **sizes)
            exported = _export(superuser, data)
        known = (url, environment, tenant_id, program_id)
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            ours = [pool.apply(_report, known) for _ in range(TIMES)]
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            theirs = [pool.apply(aggregates, (str(exported),)) for _ in range(TIMES)]
    finally:
        stop()
        remove(data)
    seconds, other = min(each for each, _ in ours), min(theirs)
    memory = max(each for _, each in ours)
    print(
        f"internal report on {sizes['people']:,} participants, {sizes['products']:,} products: {seconds:.2f} s v. the"
        f" same aggregates in DuckDB {other:.2f} s: {seconds / other:.1f} times (at most {AT_MOST:.0f});"
        f" peak memory {memory:.0f} MiB (under {MIB_AT_MOST})",
        flush=True,
    )
    return seconds / other <= AT_MOST and memory < MIB_AT_MOST


def _export(superuser: psycopg.Connection[tuple[object, ...]], data: Path) -> Path:
    folder = data / "exported"
    folder.mkdir()
    for table in TABLES:
        rows = f'COPY "{table}" TO STDOUT (FORMAT csv, HEADER)'
        with superuser.cursor().copy(rows) as copy, (folder / f"{table}.csv").open("wb") as file:
            file.writelines(copy)
    return folder


def _report(url: str, environment: dict[str, str], tenant_id: UUID, program_id: UUID) -> tuple[float, float]:
    """Order a report and build it as a worker does: seconds, and the largest memory of this process in MiB."""
    database = Database(url)
    with database.tenant(tenant_id) as session:
        ordered = order_report(session, audience="internal", program_id=program_id, formats=["json"])
        job_id = ordered.job_id
        session.commit()
    start = time.perf_counter()
    run_job(database, tenant_id=tenant_id, job_id=job_id, settings=Settings.from_environment(environment))
    seconds = time.perf_counter() - start
    with database.tenant(tenant_id) as session:
        state = session.connection().exec_driver_sql("SELECT state, error FROM job").fetchall()
    if any(row[0] != "succeeded" for row in state):
        raise SystemExit(f"the report was not built: {state}")
    return seconds, _peak_mib()


def _peak_mib() -> float:
    """Of this process alone: what getrusage says is, after a spawn, at least what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("share", type=float, nargs="?", default=1.0)
    sys.exit(0 if main(parser.parse_args().share) else 1)
