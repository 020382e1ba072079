"""What holds for any table, any bytes, and the files that others collected to trip readers."""

import codecs
import csv
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.cohorts.tabular import BadRow, Row, Table, UnreadableFile, open_table

MESSY = Path(__file__).parents[4] / "shared" / "data" / "messy_csv"
DELIMITERS = [",", ";", "\t", "|"]
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
# The fixture gives only a path, and each example writes the whole file anew.
examples = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def read(path: Path, content: bytes | str, *wanted: str) -> tuple[Table, list[Row | BadRow]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_table(path, wanted=wanted) as table:
        return table, list(table)


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
names = st.lists(text.map(str.strip).filter(bool), max_size=4)


def lines_in(written: str) -> int:
    return sum(1 for _ in io.StringIO(written, newline=""))


# With a line end other than CRLF the writer leaves one half of it unquoted unless it quotes everything.
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(DELIMITERS),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.just(csv.QUOTE_ALL),
    }
) | st.fixed_dictionaries({"delimiter": st.sampled_from(DELIMITERS)})


@examples
@given(extra=names, data=st.data(), dialect=dialects, encoding=st.sampled_from(sorted(ENCODINGS)))
def test_what_is_written_is_read_back_with_its_lines(
    path: Path, extra: list[str], data: st.DataObject, dialect: dict[str, Any], encoding: str
) -> None:
    wanted = ["wanted name", "wanted, too"]
    header = [*wanted, *extra]
    rows = data.draw(st.lists(st.lists(text, min_size=len(header), max_size=len(header)), max_size=5))
    buffer, expected = io.StringIO(newline=""), []
    writer = csv.writer(buffer, **dialect)
    for row in [header, *rows]:
        clean = [unicodedata.normalize("NFC", cell.strip()) for cell in row]
        if any(clean):
            expected.append(Row(lines_in(buffer.getvalue()) + 1, clean))
        writer.writerow(row)
    table, found = read(path, ENCODINGS[encoding] + buffer.getvalue().encode(encoding), *wanted)
    assert (table.header_line, table.header, table.delimiter) == (1, expected[0].cells, dialect["delimiter"])
    assert table.encoding == encoding.removesuffix("-sig")
    assert found == expected[1:]


@examples
@given(
    content=st.binary(max_size=300) | st.text('na",;\t|\r\n\0 é', max_size=60).map(str.encode),
    prefix=st.sampled_from([b"", b"n,a\n", b"na;n\r", codecs.BOM_UTF8, codecs.BOM_UTF16_LE]),
    wanted=st.sampled_from(["n", "a", "na", "\ufffd"]),
)
def test_no_bytes_do_worse_than_being_refused(path: Path, content: bytes, prefix: bytes, wanted: str) -> None:
    try:
        table, rows = read(path, prefix + content, wanted)
    except UnreadableFile:
        return
    assert all(len(row.cells) == len(table.header) for row in rows if isinstance(row, Row))
    assert [row.line for row in rows] == sorted({row.line for row in rows})
    assert all(row.line > table.header_line for row in rows)


# Files of others

messy = pytest.mark.skipif(not MESSY.is_dir(), reason="the folder of messy files is not here")


def first_names(path: Path) -> list[str]:
    start = path.read_bytes().decode("latin-1").removeprefix("ï»¿").splitlines()[:1]
    return [cell.strip(' "') for cell in "".join(start).replace(";", ",").replace("|", ",").split(",")][:1]


@messy
def test_messy_files_are_read_or_refused_with_a_reason() -> None:
    files = [path for path in sorted(MESSY.rglob("*")) if path.suffix in {".csv", ".tsv", ".txt"}]
    refused = {}
    for path in files:
        wanted = [name for name in first_names(path) if name] or ["name"]
        try:
            with open_table(path, wanted=wanted) as table:
                list(table)
        except UnreadableFile as error:
            refused[path.name] = error.code
    assert len(files) > 100
    assert refused == {"duplicate-headers.csv": "duplicate_header", "empty.csv": "empty_file"}


SPECTRUM = MESSY / "csv-spectrum"


@messy
@pytest.mark.parametrize("path", sorted(SPECTRUM.glob("csvs/*.csv")), ids=lambda path: path.stem)
def test_csv_spectrum_is_read_as_its_authors_expect(path: Path) -> None:
    # One line end for both: the copies of the files do not all keep the line ends that the answers have.
    answer = (SPECTRUM / "json" / f"{path.stem}.json").read_text("utf-8").replace("\\r\\n", "\\n")
    expected = json.loads(answer)
    if path.stem == "location_coordinates":
        # The authors' answer is a bare object and holds another telephone number than their file.
        expected = [{**expected, "Contact Phone Number": "2095257564"}]
    with open_table(path, wanted=list(expected[0])) as table:
        found = [dict(zip(table.header, row.cells, strict=True)) for row in table if isinstance(row, Row)]
    assert found == expected
