"""The product with two more routes: a public one that asks the database once, and one that does nothing for a token."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from api.app import create_app
from api.blueprint import Blueprint
from api.fields import Schema
from api.serving import database
from tenants.access.models import Client
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

PUBLIC, NOTHING = "/bench/public", "/v1/bench/nothing"


class Nothing(Schema):
    """An answer of one field."""

    done = fields.Boolean()


guarded = Blueprint("Bench", description="Nothing, for a token.")


@guarded.get("/bench/nothing", Permission.TENANT_READ, returns=Nothing)
def do_nothing(_: Session) -> dict[str, Any]:
    """Nothing, once the caller is known."""
    return {"done": True}


def ask_once(tenant_id: UUID, client_id: UUID) -> Response:
    """One SELECT by primary key in a session of a tenant."""
    with database().tenant(tenant_id) as session:
        found = session.execute(select(Client.id).where(Client.id == client_id)).scalar()
        session.commit()
    return Response(f'{{"done":{str(found is not None).lower()}}}', content_type="application/json")


def application() -> Any:
    """For gunicorn."""
    app = create_app()
    app.register_blueprint(guarded)
    app.add_url_rule(f"{PUBLIC}/<uuid:tenant_id>/<uuid:client_id>", view_func=ask_once)
    return app
