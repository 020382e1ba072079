"""Loading ROR's own data (CC0): its dump in JSON, schema 2, or a CSV of the same fields; either zipped or not."""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from tenants.kernel.session import Database, Session
from tenants.outcomes.organizations.naming import keys_of

COLUMNS = ("id", "name", "city", "region", "country_code", "keys")
_TEMPORARY = (
    "CREATE TEMP TABLE told (id text PRIMARY KEY, name text, city text, region text, country_code text, keys text[])"
    " ON COMMIT DROP"
)
_WRITE = (
    "INSERT INTO registered_organization (id, name, city, region, country_code, keys)"
    " SELECT id, name, city, region, country_code, keys FROM told"
    " ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, city = EXCLUDED.city, region = EXCLUDED.region,"
    " country_code = EXCLUDED.country_code, keys = EXCLUDED.keys"
)
_FORGET = "DELETE FROM registered_organization r WHERE NOT EXISTS (SELECT FROM told t WHERE t.id = r.id)"
Row = tuple[str, str, str | None, str | None, str | None, list[str]]


class NotTheRegistry(ValueError):
    """The file is not one of ROR's."""


def load(database: Database, file: Path) -> int:
    """Replace the registry by a file's active organizations, in one transaction; how many there are.

    Raises NotTheRegistry, and OSError for a file that cannot be read.
    """
    with database.nobody() as session:
        loaded = _write(session, file)
        session.commit()
    return loaded


def _write(session: Session, file: Path) -> int:
    connection = session.connection()
    connection.exec_driver_sql(_TEMPORARY)
    cursor: Any = connection.connection.cursor()
    count = 0
    with cursor.copy(f"COPY told ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in organizations(file):
            copy.write_row(row)
            count += 1
    if not count:
        raise NotTheRegistry("The file names no active organization.")
    connection.exec_driver_sql(_WRITE)
    connection.exec_driver_sql(_FORGET)
    return count


def organizations(file: Path) -> Iterator[Row]:
    """The active organizations of a file: id, name, city, region, country and keys. Raises NotTheRegistry."""
    name, content = _opened(file)
    read: Callable[[bytes], Iterator[Row]] = _of_json if name.endswith(".json") else _of_csv
    try:
        yield from read(content)
    except (KeyError, TypeError, IndexError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise NotTheRegistry(f"The file is not ROR's: {type(error).__name__}.") from error


def _opened(file: Path) -> tuple[str, bytes]:
    """The name and content of a file, or of what is zipped in it; of ROR's release, the JSON of the newest schema."""
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as zipped:
            inside = sorted(name for name in zipped.namelist() if name.endswith(".json"))
            if not inside:
                raise NotTheRegistry("The archive holds no JSON.")
            return inside[-1], zipped.read(inside[-1])
    if file.suffix == ".gz":
        return file.stem, gzip.decompress(file.read_bytes())
    return file.name, file.read_bytes()


def _of_json(content: bytes) -> Iterator[Row]:
    for record in orjson.loads(content):
        if record["status"] != "active":
            continue
        where = record["locations"][0]["geonames_details"] if record["locations"] else {}
        shown = next(each["value"] for each in record["names"] if "ror_display" in each["types"])
        others = [each["value"] for each in record["names"] if each["value"] != shown]
        place = (where.get("name"), where.get("country_subdivision_code"), where.get("country_code"))
        yield record["id"], shown, *place, sorted(keys_of(shown, others))


def _of_csv(content: bytes) -> Iterator[Row]:
    for row in csv.DictReader(io.StringIO(content.decode())):
        if row["status"] == "active":
            keys = sorted(keys_of(row["name"], row["aliases"].split("|")))
            place = (row["city"] or None, row["admin1"] or None, row["country_code"] or None)
            yield row["ror_id"], row["name"], *place, keys
