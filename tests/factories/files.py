"""Small files of every type that a shelf takes. Their content is invented."""

import io
import struct
import zipfile
import zlib

from tenants.support.file_types import EXTENSIONS, MAIN_PARTS

DOCX, XLSX, PPTX = MAIN_PARTS
ODT, ODS, ODP = (each for each in EXTENSIONS if "opendocument" in each)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(40) + b"\xff\xd9"
PDF = b"%PDF-1.7\n1 0 obj\n<</Type /Catalog>>\nendobj\nstartxref\n9\n%%EOF\n"


def archive(*entries: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packed) as out:
        for name, content in entries:
            how = zipfile.ZIP_STORED if name == "mimetype" else None
            out.writestr(name, content, compress_type=how)
    return made.getvalue()


def office(media_type: str, *more: tuple[str, bytes]) -> bytes:
    """A file of an office program, with further entries."""
    if media_type in MAIN_PARTS:
        types = f'<Types><Override PartName="/main.xml" ContentType="{MAIN_PARTS[media_type]}"/></Types>'
        return archive(("[Content_Types].xml", types.encode()), ("_rels/.rels", b"<R/>"), *more)
    manifest = ("META-INF/manifest.xml", b"<manifest:manifest/>")
    return archive(
        ("mimetype", media_type.encode()), ("content.xml", b"<c/>"), *_without(manifest, more), *more
    )


def _without(entry: tuple[str, bytes], more: tuple[tuple[str, bytes], ...]) -> list[tuple[str, bytes]]:
    return [] if entry[0] in dict(more) else [entry]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
)
GOOD: dict[str, bytes] = {
    "text/csv": b"aim,page\r\n1,2\r\n",
    "text/plain": "Invented: one line, two umlauts äö, <b> in it.\n".encode(),
    "text/markdown": b"# Aims\n\n- one <br>\n",
    "application/pdf": PDF,
    "image/png": PNG,
    "image/jpeg": JPEG,
    **{each: office(each) for each in (DOCX, XLSX, PPTX, ODT, ODS, ODP)},
}
