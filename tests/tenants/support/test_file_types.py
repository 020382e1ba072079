"""What a shelf takes is what it says it is, and nothing else besides."""

import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.kernel.errors import Invalid
from tenants.support.file_types import EXTENSIONS, check_content
from tests.factories.files import DOCX, GOOD, JPEG, ODT, PDF, PNG, XLSX, archive, office

HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(200)
ZIP = archive(("notes.txt", b"x"))


def encrypted(data: bytes) -> bytes:
    """The archive with the flag of encryption set on its first entry, in both of its places."""
    marked, central = bytearray(data), data.index(b"PK\1\2")
    marked[6] |= 1
    marked[central + 8] |= 1
    return bytes(marked)


LIES = {
    "a program as a pdf": (EXE, "application/pdf"),
    "a program as a text": (EXE, "text/plain"),
    "a page as a text": (HTML, "text/plain"),
    "a page as a table": (b"\xef\xbb\xbf\n  <!DOCTYPE html><p>", "text/csv"),
    "a page as a picture": (HTML, "image/png"),
    "a drawing as a text": (SVG, "text/markdown"),
    "a drawing with a head as a text": (b'<?xml version="1.0"?>' + SVG, "text/plain"),
    "a drawing as a picture": (SVG, "image/jpeg"),
    "a script as a text": (b"#!/bin/sh\nrm -r /\n", "text/plain"),
    "a pdf as a text": (b"%PDF-1.4\nall of it text\n%%EOF\n", "text/plain"),
    "a text with a zero": (b"a\0b", "text/plain"),
    "a text with a control character": (b"a\x1b[2Jb", "text/plain"),
    "a text in another encoding": ("Grüße".encode("latin-1"), "text/plain"),
    "a text that is cut in a letter": ("ü".encode()[:1], "text/plain"),
    "a text in utf-16": ("text".encode("utf-16"), "text/plain"),
    "a png as a jpeg": (PNG, "image/jpeg"),
    "a jpeg as a png": (JPEG, "image/png"),
    "a png that is cut off": (PNG[:-5], "image/png"),
    "a png with a page behind it": (PNG + HTML, "image/png"),
    "a png that is an archive too": (PNG + ZIP, "image/png"),
    "a jpeg that is an archive too": (JPEG + ZIP, "image/jpeg"),
    "a jpeg that is an archive and ends as a jpeg": (JPEG[:-2] + ZIP + b"\xff\xd9", "image/jpeg"),
    "a pdf that is an archive too": (PDF + ZIP, "application/pdf"),
    "a pdf that is an archive and ends as a pdf": (PDF + ZIP + b"%%EOF", "application/pdf"),
    "a pdf with a page before it": (HTML + PDF, "application/pdf"),
    "a pdf with a page behind it": (PDF + HTML, "application/pdf"),
    "a pdf without its end": (PDF[:-7], "application/pdf"),
    "a mere archive as a document": (ZIP, DOCX),
    "a mere archive as an open document": (ZIP, ODT),
    "a document as a sheet": (office(DOCX), XLSX),
    "an open document as a document": (office(ODT), DOCX),
    "a document as an open document": (office(DOCX), ODT),
    "a document with macros": (office(DOCX, ("word/vbaProject.bin", b"x")), DOCX),
    "an open document with macros": (office(ODT, ("Basic/Standard/Module1.xml", b"x")), ODT),
    "an open document with scripts": (office(ODT, ("Scripts/python/x.py", b"x")), ODT),
    "an encrypted document": (encrypted(office(DOCX)), DOCX),
    "an encrypted open document": (
        office(ODT, ("META-INF/manifest.xml", b"<manifest:encryption-data/>")),
        ODT,
    ),
    "an old document under a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), DOCX),
    "a document whose entries lead out": (office(DOCX, ("../../evil", b"x")), DOCX),
    "a document with something before it": (HTML + office(DOCX), DOCX),
    "a document with something behind it": (office(DOCX) + HTML, DOCX),
    "a document that is cut off": (office(DOCX)[:-30], DOCX),
    "a document with a broken part": (office(DOCX).replace(b"PK\3\4", b"PK\3\5", 2), DOCX),
    "a document with very many entries": (
        office(DOCX, *((f"{n:0>60}", b"") for n in range(12_000))),
        DOCX,
    ),
}


@pytest.mark.parametrize("media_type", EXTENSIONS)
def test_what_is_what_it_says_is_taken(media_type):
    check_content(io.BytesIO(GOOD[media_type]), media_type)


@pytest.mark.parametrize("lie", LIES)
def test_what_lies_about_its_type_is_refused(lie):
    content, media_type = LIES[lie]
    with pytest.raises(Invalid) as refused:
        check_content(io.BytesIO(content), media_type)
    assert [error.code for error in refused.value.errors] == ["not_what_it_says"]


@settings(max_examples=200, deadline=None, database=None)
@given(good=st.sampled_from([each for each in EXTENSIONS if not each.startswith("text/")]), data=st.data())
def test_a_broken_file_is_taken_or_refused_but_never_an_error_of_ours(good, data):
    content = bytearray(GOOD[good])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Invalid):
        check_content(io.BytesIO(bytes(content)), good)


@settings(max_examples=100, deadline=None, database=None)
@given(content=st.binary(max_size=300), media_type=st.sampled_from(list(EXTENSIONS)))
def test_noise_is_taken_only_where_it_is_text(content, media_type):
    try:
        check_content(io.BytesIO(content), media_type)
    except Invalid:
        return
    assert media_type.startswith("text/")
    assert b"\0" not in content.decode().encode()
