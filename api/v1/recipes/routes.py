"""/v1/recipes"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.recipes.schemas import Recipe, RecipeCreate, RecipePatch, RecipeQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import actions, models, queries

blp = Blueprint("Recipes", description="How groups are to be formed: their size, wishes and rules.")
READ, WRITE = Permission.MATCHING_READ, Permission.MATCHING_WRITE


@blp.list("/recipes", READ, query=RecipeQuery, returns=Recipe)
def list_recipes(session: Session, program_id: UUID | None) -> Select[Any]:
    """The tenant's recipes."""
    return queries.recipes(program_id).add_columns(models.Recipe.warnings.label("warnings"))


@blp.post(
    "/recipes", WRITE, body=RecipeCreate, returns=Recipe, status=201, location="/v1/recipes/{id}", etag=True
)
def create_recipe(session: Session, body: dict[str, Any]) -> models.Recipe:
    """Write a recipe."""
    return actions.create_recipe(session, **body)


@blp.get("/recipes/<uuid:recipe_id>", READ, returns=Recipe, etag=True)
def get_recipe(session: Session, recipe_id: UUID) -> models.Recipe:
    """One recipe."""
    return row_of(session, models.Recipe, recipe_id)


@blp.patch("/recipes/<uuid:recipe_id>", WRITE, body=RecipePatch, returns=Recipe, etag=True)
def edit_recipe(session: Session, body: dict[str, Any], recipe_id: UUID, if_match: IfMatch) -> models.Recipe:
    """Change a recipe; runs keep the one they started with."""
    return actions.edit_recipe(session, recipe_id=recipe_id, changes=body, if_match=if_match)


@blp.delete("/recipes/<uuid:recipe_id>", WRITE, status=204, etag=True)
def delete_recipe(session: Session, recipe_id: UUID, if_match: IfMatch) -> None:
    """Remove a recipe that no run has followed."""
    actions.delete_recipe(session, recipe_id=recipe_id, if_match=if_match)
