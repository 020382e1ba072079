"""A web app and a worker for it that waits for nobody long, for the tests of the worker's deadline."""

from cli.web_worker import DeadlineWorker

LARGE = 1 << 26
"""Bytes of an answer that no buffer between us and a client holds."""


class HastyWorker(DeadlineWorker):
    seconds_to_arrive = 0.5
    seconds_to_upload = 0.5
    seconds_to_download = 0.5


def app(environ, start_response):
    environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return [bytes(1 << 16)] * (LARGE >> 16)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"up"]
