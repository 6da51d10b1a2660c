from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from resource_api.cli import main

ROOT = Path(__file__).parents[2]
Definition = dict[str, Any]


@pytest.fixture
def definition(empty: FlaskClient) -> Definition:
    found: Definition = empty.get("/openapi.json").json
    return found


def operations(definition: Definition) -> list[tuple[str, Definition]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in definition["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def test_the_definition_is_valid_openapi_3_1(definition: Definition) -> None:
    assert definition["openapi"] == "3.1.0"
    assert not list(OpenAPIV31SpecValidator(definition).iter_errors())


def test_each_operation_has_a_name_of_its_own(definition: Definition) -> None:
    names = [operation.get("operationId") for _, operation in operations(definition)]
    assert None not in names
    assert len(set(names)) == len(names)


def test_each_operation_says_what_it_does_and_carries_a_known_tag(definition: Definition) -> None:
    tags = {tag["name"] for tag in definition["tags"]}
    for name, operation in operations(definition):
        assert operation.get("summary"), name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= tags, name


def test_hsdss_required_endpoints_are_told_from_the_optional_ones(definition: Definition) -> None:
    required = {name for name, operation in operations(definition) if operation["tags"] == ["required"]}
    assert required == {"GET /", "GET /services", "GET /services/{id}"}


def test_each_operation_declares_its_refusals_as_problems(definition: Definition) -> None:
    responses = definition["components"]["responses"]
    for name, operation in operations(definition):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}, name
        if name == "POST /oauth/token":  # which refuses in OAuth's own words
            assert {"400", "401"} <= set(operation["responses"])
        elif operation.get("requestBody") or any(p.get("in") == "query" for p in operation.get("parameters", [])):
            assert operation["responses"]["422"] == {"$ref": "#/components/responses/INVALID_ARGUMENTS"}, name
    for response in responses.values():
        assert list(response["content"]) == ["application/problem+json"]


def test_no_pagination_header_is_promised(definition: Definition) -> None:
    assert b"X-Pagination" not in orjson.dumps(definition)


def test_the_files_in_the_repository_say_what_the_views_do() -> None:
    done = CliRunner().invoke(main, ["openapi", str(ROOT / "openapi"), "--check"])
    assert done.exit_code == 0, f"{done.stderr}: run `resource-api openapi`"


def test_a_stale_file_is_found_and_rewritten(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(main, ["openapi", str(tmp_path), "--check"]).exit_code == 1
    assert runner.invoke(main, ["openapi", str(tmp_path)]).exit_code == 0
    assert runner.invoke(main, ["openapi", str(tmp_path), "--check"]).exit_code == 0
    (tmp_path / "openapi.json").write_text("{}")
    stale = runner.invoke(main, ["openapi", str(tmp_path), "--check"])
    assert stale.exit_code == 1
    assert "openapi.json is out of date" in stale.stderr
    assert (tmp_path / "openapi.json").read_text() == "{}"
