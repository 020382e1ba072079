"""The OpenAPI document itself: what it promises, it means."""

import pytest

from api import fields
from api.v1.programs.schemas import Program
from tests.contract import _validator, document


def schemas_with_examples():
    waiting, found = [fields.Schema], []
    while waiting:
        schema = waiting.pop()
        waiting += schema.__subclasses__()
        if "example" in vars(schema) and schema is not fields.Schema:
            found.append(schema)
    return sorted(found, key=lambda schema: schema.__name__)


@pytest.mark.parametrize("schema", schemas_with_examples(), ids=lambda schema: schema.__name__)
def test_every_example_is_a_body_that_the_api_takes(schema):
    assert schema().load(schema.example)
    assert document()["components"]["schemas"][schema.__name__]["examples"] == [schema.example]


def test_what_is_made_has_an_example():
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path in document()["paths"].values()
        if isinstance(operation := path.get("post"), dict)
        and "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert bodies == {schema.__name__ for schema in schemas_with_examples()}


def test_an_answer_that_lacks_a_field_breaks_the_contract():
    broken = list(_validator("/components/schemas/Program").iter_errors({}))
    assert {error.message.split("'")[1] for error in broken} == set(Program().fields)


def test_every_security_scheme_and_component_that_is_named_exists():
    components, text = document()["components"], str(document())
    for path in document()["paths"].values():
        for operation in (each for each in path.values() if isinstance(each, dict)):
            for need in operation["security"]:
                assert need.keys() <= components["securitySchemes"].keys()
            assert "default" not in operation["responses"]
    unused = [name for name in components["schemas"] if f"#/components/schemas/{name}'" not in text]
    assert unused == []
