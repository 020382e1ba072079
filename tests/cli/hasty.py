"""A web app and a worker for it that waits for nobody long, for the tests of the worker's deadline."""

from cli.web_worker import DeadlineWorker


class HastyWorker(DeadlineWorker):
    seconds_to_arrive = 0.5
    seconds_to_upload = 0.5


def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"up"]
