"""Numbers read back from the forms of a report."""

import io
import zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

import pypdf

SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Page(HTMLParser):
    """The tables of a page, its tags, and all its text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tables, self.tags, self.text, self._into, self._hidden = {}, [], [], None, False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._hidden = dict(attrs).get("class") == "unseen"
        if tag == "caption":
            self._into = [""]
        elif tag == "tr":
            self.tables[self._caption].append([])
        elif tag in ("th", "td"):
            self._into = self.tables[self._caption][-1]
            self._into.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag == "caption":
            self._caption = self._into[0]
            while self._caption in self.tables:
                self._caption += "+"
            self.tables[self._caption] = []
        if tag in ("caption", "th", "td"):
            self._into = None
        if tag == "span":
            self._hidden = False

    def handle_data(self, data):
        self.text.append(data)
        if self._into is not None and not self._hidden:
            self._into[-1] += data


def sheets_of(content):
    """The sheets of a workbook by name: rows of numbers and strings. A formula is an error."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = [
            "".join(part.text or "" for part in each.iter(f"{SHEETS}t"))
            for each in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{SHEETS}si")
        ]
        named = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{SHEETS}sheet")
        names = [each.get("name") for each in named]
        found = {}
        for number, name in enumerate(names, 1):
            sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
            assert not list(sheet.iter(f"{SHEETS}f"))
            found[name] = [
                [_value(cell, strings) for cell in row.iter(f"{SHEETS}c")]
                for row in sheet.iter(f"{SHEETS}row")
            ]
    assert len(found) == len(names)
    return found


def _value(cell, strings):
    value = cell.find(f"{SHEETS}v").text
    return strings[int(value)] if cell.get("t") == "s" else float(value)


def text_of_pdf(content):
    """All text without its spaces."""
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return squeezed("".join(page.extract_text() for page in pages))


def squeezed(text):
    """Text without what a line break may change."""
    return "".join(text.split()).replace("\u200b", "")


def alternatives_of_pdf(content):
    """What its structure tells of what cannot be read."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    found, waiting = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node:
                waiting.append(node["/K"])
    return found
