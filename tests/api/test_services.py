import json
import re

import pytest
from sqlalchemy import update

from resource_api import create_app
from resource_api.api.schemas.service import ServiceSchema
from resource_api.database import Database
from resource_api.directory.graph import table
from resource_api.directory.publish import publish_organizations
from resource_api.settings import Settings
from tests.api.conftest import close
from tests.databases import make_tables, url_of
from tests.directory.whole_directory import FIRST, LATER, id_of, write_whole_directory

ENVELOPE = {"total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents"}


@pytest.fixture(scope="module")
def whole_app(database_kind, tmp_path_factory):
    """An application over the whole directory, in which one service was deleted later."""
    url = url_of(database_kind.new(tmp_path_factory.mktemp("services") / "whole"))
    database = Database(url)
    make_tables(database)
    with database.write() as session:
        write_whole_directory(session)
        rows = table("service")
        session.execute(update(rows).where(rows.c.id == id_of("bus")).values(deleted_at=LATER))
        publish_organizations(session, [id_of("clinic")], now=LATER)
        session.commit()
    database.close()
    app = create_app(Settings(database_url=url))
    yield app
    close(app)


@pytest.fixture
def client(whole_app):
    return whole_app.test_client()


def get(client, url, status=200):
    response = client.get(url)
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


def test_a_page_has_the_official_envelope(client):
    page = get(client, "/services")
    contents = page.pop("contents")
    assert page == {
        "total_items": 3,
        "total_pages": 1,
        "page_number": 1,
        "size": 3,
        "first_page": True,
        "last_page": True,
        "empty": False,
    }
    assert [s["id"] for s in contents] == sorted(id_of(n) for n in ("visits", "refuge", "listening"))


def test_pages_are_linked_and_together_hold_every_service_once(client):
    found, url = [], "/services?per_page=1"
    while url:
        response = client.get(url)
        body = response.get_json()
        assert set(body) == ENVELOPE
        assert body["total_pages"] == 3
        assert (body["first_page"], body["last_page"]) == (len(found) == 0, len(found) == 2)
        found += [service["id"] for service in body["contents"]]
        links = dict(reversed(part.split("; rel=")) for part in response.headers["Link"].split(", "))
        assert links['"first"'].endswith("per_page=1&page=1>")
        assert links['"last"'].endswith("per_page=1&page=3>")
        assert ('"prev"' in links) is (len(found) > 1)
        url = links.get('"next"', "<>")[1:-1]
    assert found == sorted(found)
    assert len(found) == 3


def test_a_page_beyond_the_end_is_empty_and_still_says_the_totals(client):
    page = get(client, "/services?page=9&per_page=2")
    assert page == {
        "total_items": 3,
        "total_pages": 2,
        "page_number": 9,
        "size": 0,
        "first_page": False,
        "last_page": True,
        "empty": True,
        "contents": [],
    }


@pytest.mark.parametrize(
    "query",
    [
        "page=0", "page=x", "per_page=0", "per_page=101", "format=xml", "full=maybe", "minimal=1",
        "modified_after=yesterday", "modified_after=2026-02-30", "serch=food", "postcode=21215", "page=1&page=2",
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong_is_refused_by_its_name(client, query):
    problem = get(client, f"/services?{query}", 422)
    assert problem["errors"][0]["field"] == query.partition("=")[0]


def test_lists_show_one_to_one_fields_and_full_ones_everything(client):
    [brief] = get(client, "/services?search=visits")["contents"]
    [full] = get(client, "/services?search=visits&full=true")["contents"]
    assert brief["organization"]["name"] == full["organization"]["name"] == "Harbor Clinic"
    assert "phones" not in brief
    assert [phone["number"] for phone in full["phones"]] == ["(410) 555-0101", "(410) 555-0102"]
    assert full == get(client, f"/services/{id_of('visits')}")


def test_minimal_says_only_what_changed_when(client):
    page = get(client, "/services?minimal=true")
    assert page["total_pages"] == 1
    assert {frozenset(service) for service in page["contents"]} == {frozenset({"id", "last_modified"})}


def test_minimal_pages_are_as_large_as_asked(client):
    assert get(client, "/services?minimal=true&per_page=2")["total_pages"] == 2


@pytest.mark.parametrize("moment", ["2026-04-01", "2026-04-01T12:00:00Z", "2026-04-01T08:00:00-04:00"])
def test_modified_after_takes_a_date_or_a_moment(client, moment):
    assert get(client, "/services", 200)["total_items"] == 3
    assert get(client, f"/services?modified_after={moment}")["total_items"] == 0
    assert get(client, "/services?modified_after=2026-03-01T12:00:00Z")["total_items"] == 3


def test_deleted_services_are_told_to_those_who_ask_for_tombstones(client):
    page = get(client, "/services?modified_after=2026-03-15&tombstones=true")
    assert page["contents"] == [{"id": id_of("bus"), "deleted": True, "deleted_at": "2026-04-01T12:00:00.000000Z"}]


def test_a_deleted_service_is_gone(client):
    problem = get(client, f"/services/{id_of('bus')}", 410)
    assert problem["type"].endswith("/problems/gone")
    assert "2026-04-01" in problem["detail"]


@pytest.mark.parametrize("wrong", [id_of("nothing"), "1", "x" * 300, id_of("clinic")])
def test_an_unknown_id_is_not_found(client, wrong):
    assert get(client, f"/services/{wrong}", 404)["type"].endswith("/problems/not-found")


def test_ndjson_streams_every_service_without_pages(client):
    response = client.get("/services?format=ndjson")
    assert response.mimetype == "application/x-ndjson"
    assert response.is_streamed
    found = [json.loads(line) for line in response.get_data().splitlines()]
    assert found == get(client, "/services")["contents"]


def test_ndjson_takes_every_other_parameter_but_no_pages(client):
    [line] = client.get("/services?format=ndjson&search=visits&full=true").get_data().splitlines()
    assert json.loads(line) == get(client, f"/services/{id_of('visits')}")
    problem = get(client, "/services?format=ndjson&page=2&per_page=5", 422)
    assert {error["field"] for error in problem["errors"]} == {"page", "per_page"}


def test_an_unchanged_answer_is_not_sent_again(client):
    for url in ("/services", f"/services/{id_of('visits')}"):
        etag = client.get(url).headers["ETag"]
        again = client.get(url, headers={"If-None-Match": etag})
        assert (again.status_code, again.get_data()) == (304, b"")
        assert "max-age" in again.headers["Cache-Control"]
        assert not etag.startswith("W/")
    other = client.get("/services?page=2", headers={"If-None-Match": client.get("/services").headers["ETag"]})
    assert other.status_code == 200


def test_a_service_says_when_it_last_changed(client):
    assert client.get(f"/organizations/{id_of('clinic')}").last_modified == LATER
    assert client.get(f"/services/{id_of('listening')}").last_modified == FIRST


def test_the_post_twin_answers_as_the_get_and_takes_no_body(client):
    for query in ("", "?search=visits&full=true", "?format=ndjson"):
        assert client.post(f"/services{query}").get_data() == client.get(f"/services{query}").get_data()
    refused = client.post("/services", json={"search": "visits"})
    assert refused.status_code == 422
    assert "query string" in refused.get_json()["errors"][0]["hint"]


def test_no_answer_holds_a_null_or_a_confidential_address(client):
    for url in ("/services?full=true", "/services", "/service_at_locations?full=true", "/organizations?full=true"):
        said = client.get(url).get_data(as_text=True).lower()
        assert "null" not in said
        assert not re.search(r"hollow|(?<![\w-])2217(?![\w-])|keeper of", said)


def test_stored_services_are_as_their_schema_says(client):
    for service in get(client, "/services?full=true")["contents"]:
        assert ServiceSchema().validate(service) == {}
