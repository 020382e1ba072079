"""`peerloom release`: what left, attacked again by whoever wants to see that nobody can be found in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from cli.environment import data_option, environment
from tenants.kernel.doorbell import open_database
from tenants.kernel.errors import DomainError
from tenants.kernel.settings import Settings
from tenants.reporting.audit.auditing import Audit, Range, audit
from tenants.reporting.ledger import earlier_releases, snapshot_of_report
from tenants.reporting.lifting import lifted, lifted_table
from tenants.reporting.releasing import (
    SAME_ROWS,
    Earlier,
    known_to,
    lifted_ledger,
    marked,
    nothing_new,
    released,
)
from tenants.reporting.remaking import remade
from tenants.reporting.tables import said_of_table, table_from

RELEASE, EXACT = "release.json", "exact.json"
JSON_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def release() -> None:
    """Releases: what left a tenant, and the ledger of all that had left before."""


@release.command()
@click.argument("report_id", type=click.UUID)
@click.option("--tenant", "tenant_id", required=True, type=click.UUID, help="The tenant's id.")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path))
@data_option
def export(report_id: UUID, tenant_id: UUID, folder: Path, data: Path | None) -> None:
    """Write what a report shows a part of, the ledger before it, and the exact numbers behind all, to a folder.

    The exact numbers are for the tenant and its auditors alone; of a program whose people are of several institutions
    they say what each of these has. Where the tenant was part of a pool before, all of it says whose each number is.
    """
    with environment(data) as environ:
        database = open_database(Settings.from_environment(environ), pool_size=1)
        try:
            with database.tenant(tenant_id) as session:
                snapshot, tables = snapshot_of_report(session, report_id=report_id)
                program = snapshot.program_id
                ledger = earlier_releases(session, program_id=program, before=snapshot.based_on)
                document = snapshot.document
                if any(each.pooled for each in ledger):
                    whose = str(tenant_id)
                    document, ledger = lifted(document, whose), lifted_ledger(ledger, whose)
                    tables = [said_of_table(lifted_table(table_from(each), whose)) for each in tables]
        finally:
            database.dispose()
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / RELEASE, document)
    _write(folder / EXACT, tables)
    for place, each in enumerate(ledger, start=1):
        _write(folder / f"ledger-{place:03}.json", each.document)
        if each.tables:
            _write(folder / f"ledger-{place:03}-exact.json", each.tables)


@release.command()
@click.argument("report_id", type=click.UUID)
@click.option("--tenant", "tenant_id", required=True, type=click.UUID, help="The tenant's id.")
@data_option
def remake(report_id: UUID, tenant_id: UUID, data: Path | None) -> None:
    """Make a report that may leave once more from what was frozen with it, and compare every file byte for byte.

    Ends with 1 if any is another one, or if the definitions have changed since.
    """
    with environment(data) as environ:
        database = open_database(Settings.from_environment(environ), pool_size=1)
        try:
            with database.tenant(tenant_id) as session:
                same = remade(session, report_id=report_id)
        except DomainError as refused:
            raise click.ClickException(refused.detail) from refused
        finally:
            database.dispose()
    click.echo("The same files." if same else "OTHER files, or other definitions since.")
    sys.exit(0 if same else 1)


@release.command("audit")
@click.argument("document", type=JSON_FILE)
@click.option("--ledger", multiple=True, type=JSON_FILE, help="An earlier release; in their order.")
@click.option("--exact", type=JSON_FILE, help="The exact tables behind the release: says what is unsafe.")
@click.option("--as-json", is_flag=True, help="Print all that was found as JSON.")
def audit_(document: Path, ledger: Sequence[Path], exact: Path | None, *, as_json: bool) -> None:
    """Attack a release with all that went before it: how far can each number that is not shown be narrowed down?

    With the exact tables it also says which numbers are unsafe, for anybody and for each institution that knows its own
    part of them, and whether the release is what these tables give. Ends with 1 if any is, or if it is not. Exact
    tables of earlier releases are read where they are beside them.
    """
    said, before = _read_release(document), [_read_release(each) for each in ledger]
    tables = [table_from(each) for each in _read(exact)] if exact else []
    entries = [_earlier(each, path) for each, path in zip(before, ledger, strict=True)]
    counts = {key: number for each in tables for key, number in each.counts.items()} if exact else None
    known = known_to(tables, entries) if exact else {}
    found = audit(said, before, exact=counts, **marked(tables), **known)
    same = None
    if exact:
        known = {"as_of": said["as_of"], "snapshot": said["snapshot"], "threshold": said["threshold"]}
        given = (
            released(tables, **known, ledger=entries),
            nothing_new(tables, SAME_ROWS, **known, ledger=entries),
        )
        same = said in [each.document for each in given]
    if as_json:
        print(json.dumps(_said(found, same), indent=2))
    else:
        _print(found, same)
    sys.exit(1 if found.unsafe or same is False else 0)


def _print(found: Audit, same: bool | None) -> None:
    for each in found.ranges:
        print(_line(each))
    for each in found.unsafe:
        print(f"UNSAFE {_line(each)}, should reach {each.low_asked:g} to {each.high_asked:g}")
    print(f"{len(found.ranges)} numbers and changes are not shown, {len(found.unsafe)} are unsafe.")
    if same is not None:
        print("The exact tables give this release." if same else "The exact tables give ANOTHER release.")


def _line(each: Range) -> str:
    at = ", ".join(f"{name}={code}" for name, code in each.at) or "all"
    since = "" if each.since is None else f" (change since release {each.since + 1})"
    rest = "" if each.knower is None else f" (without {each.knower})"
    return f"{at}{since}{rest}: {each.low:g} to {each.high:g}"


def _said(found: Audit, same: bool | None) -> dict[str, Any]:
    def said(each: Range) -> dict[str, Any]:
        return {**vars(each), "at": dict(each.at)}

    return {"ranges": list(map(said, found.ranges)), "unsafe": list(map(said, found.unsafe)), "same": same}


def _earlier(document: Any, path: Path) -> Earlier:
    """An exported release of the ledger, with the exact tables beside it if they are there."""
    exact = path.with_name(f"{path.stem}-exact.json")
    if not exact.exists():
        return Earlier(document)
    tables = _read(exact)
    counts = {key: number for each in tables for key, number in table_from(each).counts.items()}
    return Earlier(document, counts, tables)


def _write(path: Path, said: Any) -> None:
    path.write_text(json.dumps(said, indent=1, sort_keys=True))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise click.BadParameter(f"{path} is not JSON.") from error


def _read_release(path: Path) -> Any:
    """What `export` wrote of a release; not the exact tables behind it."""
    said = _read(path)
    if not isinstance(said, dict) or "cells" not in said:
        raise click.BadParameter(f"{path} is no release.")
    return said
