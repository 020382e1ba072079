"""Read a delimited text file, as spreadsheets export it, row by row in constant memory.

Pure: knows files and text, nothing of people, tenants or the database. RFC 4180 with these liberties:

- Encodings: a byte order mark decides; without one, UTF-16 shows by its NUL bytes, a file whose letters
  beyond ASCII are UTF-8 is UTF-8 and refused where it ceases to be, and any other is Windows-1252.
- Delimiters: comma, semicolon, tab or bar; whichever makes the header hold all wanted columns.
- Lines end in CR, LF or CRLF; a quoted cell may hold line ends. Lines are physical and counted from 1.
- Spaces before an opening quote are ignored. After a closing quote only a delimiter or a line end may
  follow. Reading on would join rows unnoticed, so all lines of such a row become one `BadRow`, and the
  line after them starts a row. A quote inside an unquoted cell is an ordinary character.
"""

from tenants.cohorts.tabular.records import BadRow
from tenants.cohorts.tabular.table import Row, Table, open_table
from tenants.cohorts.tabular.unreadable import UnreadableFile

__all__ = ["BadRow", "Row", "Table", "UnreadableFile", "open_table"]
