"""The migrations lead to the models, in one line; the OpenAPI document is the one the code makes."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.script import ScriptDirectory

from api.app import openapi_yaml
from migrations import config, upgrade
from tenants.kernel.settings import owner_database_url

COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1, 2"
)
POLICIES = "SELECT tablename, policyname, qual, with_check FROM pg_policies ORDER BY 1, 2"
REVISION = "SELECT version_num FROM alembic_version"
OPENAPI = Path(__file__).parents[2] / "openapi" / "v1.yaml"


def test_there_is_one_head(servers):
    scripts = ScriptDirectory.from_config(config(owner_database_url(servers.environment())))
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_the_migrated_database_is_what_the_models_say(servers):
    command.check(config(owner_database_url(servers.environment())))


def test_migrating_again_changes_nothing(servers):
    def schema():
        with psycopg.connect(servers.url_as("postgres", "peerloom")) as superuser:
            return [superuser.execute(query).fetchall() for query in (COLUMNS, POLICIES, REVISION)]

    before = schema()
    upgrade(owner_database_url(servers.environment()))
    assert schema() == before
    assert all(before)


def test_the_committed_openapi_document_is_the_generated_one():
    assert OPENAPI.exists(), "run `make openapi`"
    assert OPENAPI.read_text() == openapi_yaml(), "run `make openapi`"
