"""Rosters as people's spreadsheets write them. All names are invented."""

import codecs
from pathlib import Path

import pytest

from tenants.cohorts.tabular import BadRow, Row, Table, UnreadableFile, open_table

DELIMITERS = [",", ";", "\t", "|"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roster.csv"


def read(path: Path, content: bytes | str, *wanted: str) -> tuple[Table, list[Row | BadRow]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_table(path, wanted=wanted) as table:
        return table, list(table)


def cells(path: Path, content: bytes | str, *wanted: str) -> list[list[str]]:
    rows = read(path, content, *wanted)[1]
    assert not [row for row in rows if isinstance(row, BadRow)]
    return [row.cells for row in rows if isinstance(row, Row)]


def refusal(path: Path, content: bytes | str, *wanted: str) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(path, content, *wanted)
    assert caught.value.message
    assert caught.value.line is None or f"ine {caught.value.line}" in caught.value.message
    return caught.value


# Encodings


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("name,city\nZoë,Łódź\n".encode(), "utf-8"),
        ("name,city\nZoë,Łódź\n".encode("utf-8-sig"), "utf-8"),
        (codecs.BOM_UTF16_LE + "name,city\nZoë,Łódź\n".encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "name,city\nZoë,Łódź\n".encode("utf-16-be"), "utf-16-be"),
        ("name,city\nZoë,Łódź\n".encode("utf-16-le"), "utf-16-le"),
        ("name,city\nZoë,Łódź\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_unicode_is_read_with_and_without_a_byte_order_mark(
    path: Path, content: bytes, encoding: str
) -> None:
    table, rows = read(path, content, "name")
    assert (table.encoding, table.header) == (encoding, ["name", "city"])
    assert rows == [Row(2, ["Zoë", "Łódź"])]


def test_what_is_not_utf8_is_windows_1252(path: Path) -> None:
    table, rows = read(path, "name,fee\nZoë,5 €\n".encode("cp1252"), "name")
    assert (table.encoding, rows) == ("cp1252", [Row(2, ["Zoë", "5 €"])])


def test_a_byte_that_is_not_utf8_late_in_a_long_file_decides_its_encoding(path: Path) -> None:
    content = b"name\n" + b"Ada\n" * 600_000 + "Zoë\n".encode("cp1252")
    table, rows = read(path, content, "name")
    assert (table.encoding, rows[-1]) == ("cp1252", Row(600_002, ["Zoë"]))


def test_utf8_is_recognised_although_a_letter_straddles_two_chunks(path: Path) -> None:
    content = "name\n" + "é" * 60_000 + ("\n" + "é" * 60_000) * 20
    assert read(path, content, "name")[0].encoding == "utf-8"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_bytes_of_no_encoding_are_refused_with_their_line(path: Path, newline: bytes) -> None:
    error = refusal(path, newline.join([b"name", b"Ada", b"Zo\x81\xeb", b"Bo"]), "name")
    assert (error.code, error.line) == ("undecodable_text", 3)


def test_the_line_of_bad_bytes_is_right_beyond_the_first_chunk(path: Path) -> None:
    error = refusal(path, b"name\r\n" + b"Ada\r\n" * 500_000 + b"\x81\r\n", "name")
    assert (error.code, error.line) == ("undecodable_text", 500_002)


def test_a_utf16_file_cut_in_half_a_letter_is_refused(path: Path) -> None:
    error = refusal(path, codecs.BOM_UTF16_LE + "name\nAda".encode("utf-16-le")[:-1], "name")
    assert (error.code, error.line) == ("undecodable_text", 2)


def test_a_utf8_file_cut_in_half_a_letter_is_refused_rather_than_read_as_windows_1252(path: Path) -> None:
    refused = refusal(path, "name\nZoë\nNoé".encode()[:-1], "name")
    assert (refused.code, refused.line) == ("undecodable_text", 3)


def test_a_marked_utf8_file_is_not_read_as_anything_else(path: Path) -> None:
    assert refusal(path, codecs.BOM_UTF8 + b"name\nZo\xeb\n", "name").code == "undecodable_text"


# The header


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_the_one_under_which_the_header_has_the_wanted_names(
    path: Path, delimiter: str
) -> None:
    content = f"name{delimiter}e-mail\nLee, Ada; PhD|x\ty{delimiter}ada@example.org\n"
    content = content.replace("Lee, Ada; PhD|x\ty", '"Lee, Ada; PhD|x\ty"')
    table, rows = read(path, content, "e-mail", "name")
    assert (table.delimiter, table.columns) == (delimiter, {"e-mail": 1, "name": 0})
    assert rows == [Row(2, ["Lee, Ada; PhD|x\ty", "ada@example.org"])]


def test_lines_above_the_header_are_skipped(path: Path) -> None:
    content = 'sep=;\nRoster, printed; in May\n\n"a"b\nname;city\nAda;Bern\n'
    table, rows = read(path, content, "name", "city")
    assert (table.header_line, rows) == (5, [Row(6, ["Ada", "Bern"])])


def test_the_header_is_looked_for_in_fifty_records_and_no_further(path: Path) -> None:
    assert read(path, "x\n\n" * 49 + "name\nAda\n", "name")[1] == [Row(100, ["Ada"])]
    assert refusal(path, "x\n\n" * 50 + "name\nAda\n", "name").code == "missing_columns"


def test_records_that_cannot_be_read_count_among_the_fifty(path: Path) -> None:
    assert refusal(path, '"a"b\n' * 50 + "name\nAda\n", "name").code == "stray_quote"


def test_names_match_stripped_composed_and_in_any_letter_case(path: Path) -> None:
    table, _ = read(path, " E-MAIL , Pre\u0301nom\n", "e-mail", "prénom ")
    assert table.header == ["E-MAIL", "Prénom"]
    assert table.columns == {"e-mail": 0, "prénom ": 1}


def test_a_name_that_matches_exactly_is_preferred(path: Path) -> None:
    assert read(path, "Name,name\n", "name")[0].columns == {"name": 1}
    assert read(path, "NAME\nname\nAda\n", "name")[0].header_line == 2


def test_missing_columns_are_named_with_those_of_the_nearest_line(path: Path) -> None:
    error = refusal(path, "Roster\nname;town\nAda;Bern\n", "name", "e-mail", "city")
    assert (error.code, error.line) == ("missing_columns", 2)
    assert '"e-mail", "city"' in error.message
    assert 'line 2, with "name"' in error.message
    assert "town" not in error.message  # a line that is no header is somebody's row


def test_a_wanted_name_that_stands_twice_is_refused(path: Path) -> None:
    error = refusal(path, "\nname,city,name\n", "name")
    assert (error.code, error.line) == ("duplicate_header", 2)
    assert refusal(path, "Name,NAME\n", "name").code == "duplicate_header"


def test_other_names_may_be_blank_or_stand_twice(path: Path) -> None:
    assert cells(path, "x,name,x,,\n1,Ada,2,3,4\n", "name") == [["1", "Ada", "2", "3", "4"]]


def test_a_header_with_a_nul_character_is_refused(path: Path) -> None:
    assert refusal(path, "name,a\0b\nAda,x\n", "name").code == "nul_character"


def test_a_message_shows_no_control_character_and_no_endless_name(path: Path) -> None:
    message = refusal(path, "a\0b,\x1bc," + "d" * 5_000 + "\n", "name").message
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize("wanted", [[], [""], ["name", " "]])
def test_a_caller_must_want_a_column(path: Path, wanted: list[str]) -> None:
    with pytest.raises(ValueError, match="wanted") as caught:
        read(path, "name\n", *wanted)
    assert not isinstance(caught.value, UnreadableFile)


@pytest.mark.parametrize(
    "content",
    [b"", b" \r\n\t\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b",,\n,,\n", b'""\n', b"\xe3\x80\x80"],
)
def test_a_file_without_text_is_refused(path: Path, content: bytes) -> None:
    error = refusal(path, content, "name")
    assert (error.code, error.line) == ("empty_file", None)


def test_a_file_with_only_a_header_has_no_rows(path: Path) -> None:
    assert cells(path, "name,city", "name") == []


# Rows


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood_and_counted(path: Path, newline: str) -> None:
    content = newline.join(["name,note", "", 'Ada,"one', "", 'four"', ",", "Bo,x"])
    assert read(path, content, "name")[1] == [
        Row(3, ["Ada", f"one{newline}{newline}four"]),
        Row(7, ["Bo", "x"]),
    ]


def test_cells_are_stripped_and_composed(path: Path) -> None:
    assert cells(path, "name,note\n Zoe\u0308\u00a0,\tx \n", "name") == [["Zoë", "x"]]


def test_a_letter_that_composes_into_a_delimiter_does_not_split_its_cell(path: Path) -> None:
    assert cells(path, "name;note\nAda\u037e;x\n", "name", "note") == [["Ada;", "x"]]


def test_a_blank_before_an_opening_quote_is_ignored(path: Path) -> None:
    assert cells(path, '"name", "note"\n"Ada", "a, b"\n', "name", "note") == [["Ada", "a, b"]]


def test_a_quote_inside_an_unquoted_cell_is_a_character(path: Path) -> None:
    assert cells(path, 'name,note\nAda "Bo" Lee,6" tall\n', "name") == [['Ada "Bo" Lee', '6" tall']]


def test_a_row_of_another_width_is_bad_and_the_next_is_read(path: Path) -> None:
    rows = read(path, 'name,note\nAda\n"Bo\nLee",x,y\nCy,x, ,\nDi,z\n', "name")[1]
    assert [(row.line, getattr(row, "code", "")) for row in rows] == [
        (2, "ragged_row"),
        (3, "ragged_row"),
        (5, ""),
        (6, ""),
    ]
    assert rows[2] == Row(5, ["Cy", "x"])
    assert isinstance(rows[1], BadRow)
    assert rows[1].message.startswith("Lines 3 to 4: 3 cells")


def test_text_after_a_closing_quote_spoils_its_row_alone(path: Path) -> None:
    rows = read(path, 'name,note\n"Ada" Lee,x\nBo,y\n', "name")[1]
    assert isinstance(rows[0], BadRow)
    assert (rows[0].line, rows[0].code) == (2, "stray_quote")
    assert rows[1:] == [Row(3, ["Bo", "y"])]


def test_rows_between_two_stray_quotes_are_reported_and_never_joined(path: Path) -> None:
    rows = read(path, 'name,note\nAda,"x\nBo,y\nCy,"z",\nDi,w\n', "name")[1]
    assert isinstance(rows[0], BadRow)
    assert rows[0].code == "stray_quote"
    assert rows[0].message.startswith("Lines 2 to 4:")
    assert rows[1:] == [Row(5, ["Di", "w"])]


@pytest.mark.parametrize("end", ["", "\n", "\nBo,y", "\nBo,y\n\nCy,z\n"])
def test_a_quote_never_closed_is_refused_with_the_line_that_opens_it(path: Path, end: str) -> None:
    error = refusal(path, 'name,note\nDi,w\n"Ada\nLee","' + end, "name")
    assert (error.code, error.line) == ("unterminated_quote", 4)


def test_a_quote_never_closed_in_the_header_is_refused_as_such(path: Path) -> None:
    error = refusal(path, 'Roster\n"name,note\nAda,x\n', "name")
    assert (error.code, error.line) == ("unterminated_quote", 2)


def test_rows_before_a_quote_never_closed_are_still_yielded(path: Path) -> None:
    path.write_text('name\nAda\n"Bo\n')
    with open_table(path, wanted=["name"]) as table:
        rows = iter(table)
        assert next(rows) == Row(2, ["Ada"])
        with pytest.raises(UnreadableFile, match="Line 3"):
            next(rows)


def test_a_quote_never_closed_in_a_long_file_is_refused_before_it_swallows_the_file(path: Path) -> None:
    error = refusal(path, 'name,note\nAda,"x\n' + "Bo,y\n" * 100_000, "name")
    assert (error.code, error.line) == ("field_too_long", 2)


def test_a_nul_character_spoils_its_row_alone(path: Path) -> None:
    rows = read(path, "name,note\nAda,x\0\nBo,y\n", "name")[1]
    assert isinstance(rows[0], BadRow)
    assert (rows[0].line, rows[0].column, rows[0].code) == (2, "note", "nul_character")
    assert rows[1:] == [Row(3, ["Bo", "y"])]


@pytest.mark.parametrize("length", [100_001, 131_072, 131_073, 900_000])
def test_a_cell_of_over_a_hundred_thousand_characters_is_refused(path: Path, length: int) -> None:
    error = refusal(path, "name,note\nAda,x\nBo," + "y" * length + "\n", "name")
    assert (error.code, error.line) == ("field_too_long", 3)


def test_long_cells_within_the_limit_are_read(path: Path) -> None:
    long = "y" * 100_000
    assert cells(path, f"name,note\n{long},{long}\n", "name") == [[long, long]]


@pytest.mark.parametrize("row", ["x," * 600_000, '"x\n",' * 250_000])
def test_a_row_without_end_is_refused_in_bounded_memory(path: Path, row: str) -> None:
    error = refusal(path, "name\nAda\n" + row, "name")
    assert (error.code, error.line) == ("record_too_long", 3)
