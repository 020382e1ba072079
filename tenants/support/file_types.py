"""Which files a shelf takes, and whether the content is what it says it is.

The list is short, so that what is downloaded is looked at and not run. A file is of one type from its first byte to
its last; what is also something else is refused.
"""

import codecs
import io
import zipfile
import zlib
from typing import BinaryIO

import puremagic

from tenants.kernel.errors import Invalid

OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
MAIN_PARTS = {
    f"{OPEN_XML}wordprocessingml.document": f"{OPEN_XML}wordprocessingml.document.main+xml",
    f"{OPEN_XML}spreadsheetml.sheet": f"{OPEN_XML}spreadsheetml.sheet.main+xml",
    f"{OPEN_XML}presentationml.presentation": f"{OPEN_XML}presentationml.presentation.main+xml",
}
TEXTS = ("text/csv", "text/plain", "text/markdown")
EXTENSIONS = {
    "text/csv": "csv",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    f"{OPEN_XML}wordprocessingml.document": "docx",
    f"{OPEN_XML}spreadsheetml.sheet": "xlsx",
    f"{OPEN_XML}presentationml.presentation": "pptx",
    f"{OPEN_DOCUMENT}text": "odt",
    f"{OPEN_DOCUMENT}spreadsheet": "ods",
    f"{OPEN_DOCUMENT}presentation": "odp",
}
"""By media type. Others are not taken."""

HEAD, TAIL = 4096, 2048
MOST_READ = 1 << 20
"""Bytes of one entry of an archive, unpacked; and of the list of its entries."""
RUN_OR_DRAWN = {
    "application/javascript", "application/pdf", "application/postscript", "application/rtf", "application/x-sh",
    "application/xhtml+xml", "application/xml", "image/svg+xml", "text/html", "text/x-python",
}  # fmt: skip
MARKUP = ("<!doctype", "<html", "<head", "<body", "<script", "<iframe", "<svg", "<?", "#!")
"""How text begins that some program would run or draw."""
PICTURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xaeB`\x82"),
    "image/jpeg": (b"\xff\xd8\xff", b"\xff\xd9"),
}
"""How pictures begin and end."""


class NotWhatItSays(Exception):
    """Why the content is not of its type, as a sentence."""


def check_content(file: BinaryIO, media_type: str) -> None:
    """Raise Invalid "not_what_it_says" unless all of this file, which can seek, is of this type of `EXTENSIONS`."""
    try:
        if media_type in TEXTS:
            _text(file)
        elif media_type in MAIN_PARTS or media_type.startswith(OPEN_DOCUMENT):
            _archive(file, media_type)
        else:
            _picture_or_pdf(file, media_type)
    except NotWhatItSays as refused:
        raise Invalid.field("", "not_what_it_says", f"This is no {media_type}: {refused}") from None


def _picture_or_pdf(file: BinaryIO, media_type: str) -> None:
    head, tail = _ends(file)
    if media_type not in _guessed(head):
        raise NotWhatItSays("its first bytes say something else.")
    if media_type in PICTURES:
        begin, end = PICTURES[media_type]
        if not head.startswith(begin):
            raise NotWhatItSays("its first bytes say something else.")
        if not tail.endswith(end):
            raise NotWhatItSays("it is cut off, or something follows its end.")
    else:
        if not head.startswith((b"%PDF-1.", b"%PDF-2.")):
            raise NotWhatItSays("its first bytes say something else.")
        _, found, after = tail.rpartition(b"%%EOF")
        if not found or after.strip(b"\0\t\n\f\r "):
            raise NotWhatItSays("it is cut off, or something follows its end.")
    if zipfile.is_zipfile(file):
        raise NotWhatItSays("it is an archive as well.")


def _text(file: BinaryIO) -> None:
    file.seek(0)
    decoder, first = codecs.getincrementaldecoder("utf-8-sig")(), ""
    while chunk := file.read(1 << 16):
        text = _decoded(decoder, chunk)
        first = first or text
        if any(each < " " and each not in "\t\n\f\r" for each in set(text)):
            raise NotWhatItSays("it holds control characters.")
    _decoded(decoder, b"", final=True)
    if first.lstrip().lower().startswith(MARKUP) or _guessed(first[:HEAD].encode()) & RUN_OR_DRAWN:
        raise NotWhatItSays("it is something that programs run or draw.")


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> str:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:
        raise NotWhatItSays("it is not UTF-8 text.") from None


def _archive(file: BinaryIO, media_type: str) -> None:
    head, tail = _ends(file)
    if not head.startswith(b"PK\x03\x04"):
        raise NotWhatItSays("its first bytes say something else.")
    end = tail[-22:]
    if not end.startswith(b"PK\x05\x06") or b"PK\x06\x07" in tail[-42:]:
        raise NotWhatItSays("it is cut off, or something follows its end.")
    if int.from_bytes(end[12:16], "little") > MOST_READ:  # before all of it is read
        raise NotWhatItSays("it has too many entries.")
    try:
        with zipfile.ZipFile(file) as archive:
            _entries(archive)
            if media_type in MAIN_PARTS:
                _open_xml(archive, MAIN_PARTS[media_type])
            else:
                _open_document(archive, head, media_type)
    except (
        zipfile.BadZipFile,
        KeyError,
        NotImplementedError,
        EOFError,
        ValueError,
        RuntimeError,
        zlib.error,
    ):
        raise NotWhatItSays("it is no such archive, or a broken one.") from None


def _entries(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise NotWhatItSays("it has an entry twice.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise NotWhatItSays("it is packed in a way that no office program uses.")
    if any(entry.flag_bits & 0x2041 for entry in entries):  # encrypted, strongly, or with a hidden directory
        raise NotWhatItSays("it is encrypted.")
    if min((each.header_offset for each in entries), default=1):
        raise NotWhatItSays("it has something before its begin.")
    for name in names:
        parts = name.lower().split("/")
        if name.startswith("/") or ".." in parts or "\\" in name:
            raise NotWhatItSays("its entries lead out of it.")
        if parts[0] in ("basic", "scripts") or parts[-1].startswith("vbaproject"):
            raise NotWhatItSays("it holds macros.")


def _open_xml(archive: zipfile.ZipFile, main_part: str) -> None:
    types = _entry(archive, "[Content_Types].xml")
    if f'"{main_part}"'.encode() not in types or b"macroEnabled" in types:
        raise NotWhatItSays("its parts are of another kind.")
    _entry(archive, "_rels/.rels")


def _open_document(archive: zipfile.ZipFile, head: bytes, media_type: str) -> None:
    said = b"mimetype" + media_type.encode()
    if head[30 : 30 + len(said)] != said or _entry(archive, "mimetype") != media_type.encode():
        raise NotWhatItSays("its parts are of another kind.")
    if b"encryption-data" in _entry(archive, "META-INF/manifest.xml"):
        raise NotWhatItSays("it is encrypted.")
    _entry(archive, "content.xml", most=1)


def _entry(archive: zipfile.ZipFile, name: str, *, most: int = MOST_READ) -> bytes:
    with archive.open(name) as entry:
        return entry.read(most)


def _ends(file: BinaryIO) -> tuple[bytes, bytes]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - TAIL))
    return head, file.read(TAIL)


def _guessed(head: bytes) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_string(head) if match.confidence > 0.1}
    except (puremagic.PureError, ValueError):  # nothing that it knows
        return set()
