import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, jsonify

from resource_api import create_app
from resource_api.api.schemas import contact, location, organization, record, schedule, service
from resource_api.database import Database
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input, scratch_folder
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import Options
from resource_api.settings import Settings
from tests.api.conformance import HSDS, Finding, faults_of, official_paths, validators, walk
from tests.api.conftest import close
from tests.databases import make_tables

pytestmark = pytest.mark.skipif(not HSDS.is_dir(), reason=f"HSDS's schemas are not at {HSDS}; set RESOURCE_DATA")

EXAMPLES = HSDS / "examples-3.2.3"
BALTIMORE = HSDS.parent / "baltimore"
NOUNS = {
    "/services": ("service", "?format=ndjson&full=true"),
    "/service_at_locations": ("service_at_location", "?format=ndjson&full=true"),
    "/organizations": ("organization", "?format=ndjson&full=true"),
    "/taxonomies": ("taxonomy", "?format=ndjson"),
    "/taxonomy_terms": ("taxonomy_term", "?format=ndjson"),
}


def serve(folder, *places):
    """Load inputs one after the other, and serve them."""
    url = f"sqlite:///{folder / 'served.db'}"
    database = Database(url)
    make_tables(database)
    for place in places:
        with scratch_folder() as scratch, database.write() as session:
            given = open_input(str(place), Named(source="conformance"), Path(scratch))
            for _ in load(session, given, Options(), Report(), clock=lambda: datetime(2026, 5, 1, tzinfo=UTC)):
                session.commit()
    database.close()
    return create_app(Settings(database_url=url))


@pytest.fixture(scope="module")
def checks():
    return validators()


@pytest.fixture(scope="module")
def baltimore(tmp_path_factory):
    if not BALTIMORE.is_dir():
        pytest.skip(f"Baltimore's data is not at {BALTIMORE}; set RESOURCE_DATA")
    app = serve(tmp_path_factory.mktemp("baltimore"), BALTIMORE)
    yield app.test_client()
    close(app)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    names = ("organization_full", "service_full", "service_at_location_full", "taxonomy", "taxonomy_term")
    app = serve(tmp_path_factory.mktemp("examples"), *(EXAMPLES / f"{name}.json" for name in names))
    yield app.test_client()
    close(app)


def test_the_walk_finds_nothing_wrong_with_baltimore(baltimore, checks):
    assert list(walk(baltimore, checks)) == []


def test_the_walk_finds_nothing_wrong_with_the_official_examples(examples, checks):
    assert list(walk(examples, checks)) == []


@pytest.mark.parametrize("path", NOUNS)
def test_every_record_of_baltimore_is_valid_in_full_and_in_brief(baltimore, checks, path):
    noun, full = NOUNS[path]
    total = baltimore.get(path).get_json()["total_items"]
    assert total > 0
    for query in (full, "?format=ndjson"):
        count = 0
        for line in baltimore.get(path + query).response:
            body = json.loads(line)
            assert not list(faults_of(checks[noun], body)), body["id"]
            count += 1
        assert count == total


@pytest.mark.parametrize("path", NOUNS)
def test_every_record_of_the_examples_is_valid(examples, checks, path):
    noun, full = NOUNS[path]
    for line in examples.get(path + full).response:
        assert not list(faults_of(checks[noun], json.loads(line)))


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("service_full", "/services"),
        ("organization_full", "/organizations"),
        ("service_at_location_full", "/service_at_locations"),
        ("taxonomy", "/taxonomies"),
        ("taxonomy_term", "/taxonomy_terms"),
    ],
)
def test_an_official_example_is_served_as_it_was_given(tmp_path, file, path):
    given = json.loads((EXAMPLES / f"{file}.json").read_bytes())
    app = serve(tmp_path, EXAMPLES / f"{file}.json")
    query = "?full_service=true" if path == "/organizations" else ""
    served = app.test_client().get(f"{path}/{given['id']}{query}").get_json()
    close(app)
    assert list(missing(given, served)) == []


# What a service nests of its organization is its own, not the locations and programs that it has.
_NOT_NESTED = ("organization/locations", "organization/programs")
# What loading mends in the examples: a point off the earth, a number in quotes, and links that say "link_entity".
_MENDED = {"latitude", "longitude", "number", "link_entity", "resource_type"}


def missing(given, served, path=""):
    """List what an example says and the served record does not."""
    if isinstance(given, dict):
        for key, value in given.items():
            where = f"{path}/{key}"
            if key in _MENDED or where.endswith(_NOT_NESTED):
                continue
            if key in served:
                yield from missing(value, served[key], where)
            else:
                yield f"{where} is missing"
    elif isinstance(given, list):
        by_id = {item["id"]: item for item in served}
        for item in given:
            yield from missing(item, by_id.get(item["id"], {}), path)
    elif (given.strip() if isinstance(given, str) else given) != served:
        yield f"{path} is {served!r}, not {given!r}"


def test_the_checks_can_fail(checks):
    good = json.loads((EXAMPLES / "service_full.json").read_bytes())
    assert not list(faults_of(checks["service"], good))
    for wrong in (
        {"status": "open"}, {"name": None}, {"id": "1"}, {"email": "nobody"}, {"url": "not a uri"},
        {"last_modified": "yesterday"}, {"phones": [good["phones"][0] | {"extension": "07"}]},
        {"schedules": [good["schedules"][0] | {"timezone": "America/New_York"}]},
    ):  # fmt: skip
        assert list(faults_of(checks["service"], good | wrong)), wrong
    assert list(faults_of(checks["page"], {"empty": False, "contents": []}))


def test_the_walk_tells_required_endpoints_from_optional_ones(checks):
    app = Flask("broken")
    page = {
        "total_items": 1, "total_pages": 1, "page_number": 1, "size": 1, "first_page": True, "last_page": True,
        "empty": False, "contents": [{"id": "not-a-uuid", "name": "A", "status": "active"}],
    }  # fmt: skip
    app.add_url_rule("/", view_func=lambda: jsonify({"version": "3.2"}), endpoint="root")
    app.add_url_rule("/services", view_func=lambda: jsonify(page), endpoint="services")
    found = list(walk(app.test_client(), checks))
    assert Finding(True, "/", "has no profile, openapi_url") in found
    assert Finding(True, "/services/not-a-uuid", "answers 404") in found
    assert Finding(False, "/organizations?page=1", "answers 404") in found
    assert any(finding.required and finding.url == "/services?page=1" for finding in found)


def test_every_official_operation_and_parameter_is_ours_with_its_tag(examples):
    ours = examples.get("/openapi.json").get_json()["paths"]
    for path, item in official_paths().items():
        for method in item.keys() - {"parameters"}:
            operation = ours[path][method]
            assert operation["tags"] == item[method]["tags"], (path, method)
            assert names_of(item[method]) <= names_of(operation), (path, method)
    ids = [operation["operationId"] for item in ours.values() for m, operation in item.items() if m != "parameters"]
    assert len(ids) == len(set(ids))


def names_of(operation):
    parameters = operation.get("parameters", ())
    return {parameter.get("name") or parameter["$ref"].rsplit("/", 1)[1] for parameter in parameters}


def test_our_schemas_have_every_official_field_and_require_what_is_required():
    modules = (record, contact, schedule, location, organization, service)
    ours = {name: found for module in modules for name, found in vars(module).items() if name.endswith("Schema")}
    described = 0
    for path in sorted((HSDS / "schema").glob("*.json")):
        official = json.loads(path.read_bytes())
        name = "".join(word.title() for word in path.stem.split("_"))
        if path.stem in ("openapi", "meta_table_description"):  # neither is served
            continue
        fields = ours[f"{name}Schema"]().fields
        assert official["properties"].keys() <= fields.keys(), path.name
        assert {field for field, known in fields.items() if known.required} == set(official["required"]), path.name
        described += 1
    assert described == 23
