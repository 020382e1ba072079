"""The two kinds of stores that FILES_URL can name: a folder, and a bucket of a server that somebody else wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenants.kernel.files import Access, FileStore
from tests.identity.node import NodeProgram

SCRIPT = Path(__file__).with_name("s3.mjs")
BUCKET = "peerloom"
KEY = "S3RVER"
"""The id of the only key that the server knows, and its secret."""


@contextmanager
def bucket(folder: Path) -> Iterator[Access]:
    """How to reach a running server's only bucket, `BUCKET`."""
    program = NodeProgram(SCRIPT, {"folder": str(folder), "bucket": BUCKET})
    try:
        yield Access(f"http://127.0.0.1:{program.hear()['port']}", "us-east-1", KEY, KEY)
    finally:
        program.stop()


def in_folder(folder: Path) -> FileStore:
    """A store in a folder."""
    return FileStore((folder / "files with spaces").as_uri())


def in_bucket(access: Access, prefix: str) -> FileStore:
    """A store below this prefix of the bucket."""
    return FileStore(f"s3://{BUCKET}/{prefix}", access)
