"""The product with two holes, to see that they are found: programs are answered out of a memory that forgets whom
it answered, cohorts out of one that asks for no token at all."""

import re
from typing import Any

from flask import Flask, Response, request

from api.app import create_app

ONE_OF = re.compile(r"/v1/(programs|cohorts)/[0-9a-f-]{36}")


def create_careless_app() -> Flask:
    app = create_app()
    memory: dict[str, bytes] = {}

    @app.before_request
    def remembered() -> Response | None:
        found = ONE_OF.fullmatch(request.path)
        signed = len(request.headers.get("Authorization", "")) > len("Bearer SCHEMATHESIS-INVALID-VALUE")
        if found and request.method == "GET" and request.path in memory and (signed or found[1] == "cohorts"):
            return Response(memory[request.path], content_type="application/json")
        return None

    @app.after_request
    def remember(response: Response) -> Any:
        if ONE_OF.fullmatch(request.path) and request.method == "GET" and response.status_code == 200:
            memory[request.path] = response.get_data()
        return response

    return app
