"""The migrations lead to the models, in one line; the OpenAPI document is the one the code makes."""

from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from api.app import openapi_yaml
from migrations import config, upgrade
from tenants.kernel.settings import owner_database_url

OPENAPI = Path(__file__).parents[2] / "openapi" / "v1.yaml"


def test_there_is_one_head(servers):
    scripts = ScriptDirectory.from_config(config(owner_database_url(servers.environment())))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_the_migrated_database_is_what_the_models_say(servers):
    command.check(config(owner_database_url(servers.environment())))


def test_migrating_again_changes_nothing(servers, database):
    upgrade(owner_database_url(servers.environment()))
    database.refuse_strong_role()


def test_the_committed_openapi_document_is_the_generated_one():
    assert OPENAPI.exists(), "run `make openapi`"
    assert OPENAPI.read_text() == openapi_yaml(), "run `make openapi`"
