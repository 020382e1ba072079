"""Gunicorn's thread worker, which clients cannot hold by sending or reading slowly."""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

BODY_HEADERS = {"CONTENT-LENGTH", "TRANSFER-ENCODING"}


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """Ends a connection whose request has not arrived whole in time, or whose answer has not left.

    A thread reads a request as slowly as the client sends it, and sends a file as slowly as the client reads. There are
    few threads: without an end, sixteen half-sent requests would be all that is ever served.
    """

    seconds_to_arrive = 60.0
    """From the first byte to the last of a request that is not an upload, and to the begin of the answer."""
    seconds_to_upload = 3600.0
    """For a file, which only an authorised caller is let send."""

    seconds_to_download = 900.0
    """From the head of a request without a body to the end of its answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._due: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Read and answer one request, in a thread of its own."""
        self._due[conn] = time.monotonic() + self.seconds_to_arrive
        try:
            return super().handle(conn)
        finally:
            self._due.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head has arrived."""
        if req.method == "PUT":
            self._due[conn] = time.monotonic() + self.seconds_to_upload
        elif not BODY_HEADERS & {name for name, _ in req.headers}:
            self._due[conn] = time.monotonic() + self.seconds_to_download
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """What the main loop does every second: the thread that reads from an ended connection gives up."""
        super().murder_pending()
        for conn, due in list(self._due.items()):
            if time.monotonic() > due:
                with suppress(OSError):  # it may have ended by itself
                    conn.sock.shutdown(socket.SHUT_RDWR)
