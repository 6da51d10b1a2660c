import orjson
import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests, Unauthorized

from resource_api.api.blueprint import Blueprint
from resource_api.api.context import session
from resource_api.api.problem_kinds import PROBLEMS
from resource_api.directory.tables import Organization
from resource_api.errors import BadQuery, LoadError, NotFound, UnknownPlace

raising = Blueprint("raising", __name__)
RAISED = {
    "not-found": NotFound("No service has this id"),
    "bad-query": BadQuery("`sort=distance` needs a place", field="sort", hint="give `near`"),
    "unknown-place": UnknownPlace("There is no Baltimroe", near=("Baltimore, MD",)),
    "domain-without-status": LoadError("a folder with secrets in its name"),
    "surprise": ZeroDivisionError("patient Jane Doe"),
    "retry": TooManyRequests("slow down", retry_after=7),
    "sign-in": Unauthorized("who are you?", www_authenticate=WWWAuthenticate("bearer", {"realm": "api"})),
    "away": ServiceUnavailable(),
}


@raising.route("/raise/<name>")
def raise_it(name: str) -> None:
    if name == "no-tables":
        session().scalars(select(Organization.id)).all()
    if name == "teapot":
        abort(418)
    raise RAISED[name]


@pytest.fixture
def raiser(empty_app: Flask) -> FlaskClient:
    empty_app.register_blueprint(raising)
    return empty_app.test_client()


def test_an_unknown_url_is_a_problem_that_names_the_documentation(empty: FlaskClient) -> None:
    answer = empty.get("/servces")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "http://127.0.0.1:8000/problems/not-found"
    assert answer.json["title"] == "Not found"
    assert answer.json["status"] == 404
    assert "/docs" in answer.json["detail"]
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_titles_come_in_spanish_to_who_asks_for_it(empty: FlaskClient) -> None:
    for answer in (
        empty.get("/x?lang=es"),
        empty.get("/x", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}),
    ):
        assert answer.json["title"] == "No encontrado"
        assert answer.headers["Content-Language"] == "es"
    assert empty.get("/x", headers={"Accept-Language": "fr"}).json["title"] == "Not found"


def test_a_wrong_method_is_told_the_right_ones(empty: FlaskClient) -> None:
    answer = empty.delete("/")
    assert answer.status_code == 405
    assert {m.strip() for m in answer.headers["Allow"].split(",")} == {"GET", "HEAD", "OPTIONS"}
    assert "GET" in answer.json["detail"]


def test_retry_after_and_www_authenticate_are_kept(raiser: FlaskClient) -> None:
    assert raiser.get("/raise/retry").headers["Retry-After"] == "7"
    assert raiser.get("/raise/sign-in").headers["WWW-Authenticate"] == "Bearer realm=api"
    away = raiser.get("/raise/away")
    assert away.status_code == 503
    assert int(away.headers["Retry-After"]) > 0


def test_the_domains_errors_have_their_own_status_and_kind(raiser: FlaskClient) -> None:
    for name, status in (("not-found", 404), ("bad-query", 422), ("unknown-place", 422)):
        answer = raiser.get(f"/raise/{name}")
        assert answer.status_code == status
        assert answer.json["type"].endswith(f"/problems/{name}")


def test_a_query_that_makes_no_sense_says_where_and_what_would_be_right(raiser: FlaskClient) -> None:
    (error,) = raiser.get("/raise/bad-query").json["errors"]
    assert error == {"field": "sort", "detail": "`sort=distance` needs a place", "hint": "give `near`"}


def test_an_unknown_place_comes_with_the_likeliest_ones(raiser: FlaskClient) -> None:
    assert raiser.get("/raise/unknown-place").json["suggestions"] == ["Baltimore, MD"]


@pytest.mark.parametrize("name", ["surprise", "domain-without-status"])
def test_a_surprise_tells_nothing_of_the_inside(raiser: FlaskClient, name: str) -> None:
    answer = raiser.get(f"/raise/{name}")
    assert answer.status_code == 500
    assert answer.json["type"].endswith("/problems/internal-error")
    assert "Jane" not in answer.text
    assert "secrets" not in answer.text


def test_a_status_without_a_kind_of_its_own_keeps_its_number(raiser: FlaskClient) -> None:
    answer = raiser.get("/raise/teapot")
    assert answer.status_code == 418
    assert answer.json["status"] == 418


@pytest.mark.parametrize("path", ["/raise/no-tables", "/search?q=food", "/services"])
def test_a_database_without_tables_is_not_ready_rather_than_broken(raiser: FlaskClient, path: str) -> None:
    answer = raiser.get(path)
    assert answer.status_code == 503
    assert answer.json["type"].endswith("/problems/database-not-ready")
    assert int(answer.headers["Retry-After"]) > 0


def test_every_kind_of_problem_is_documented_under_its_type(empty: FlaskClient) -> None:
    listed = empty.get("/problems").json["problems"]
    assert len(listed) == len(PROBLEMS)
    for kind in listed:
        path = kind["type"].removeprefix("http://127.0.0.1:8000")
        assert empty.get(path).json == kind
    assert empty.get("/problems/not-found?lang=es").json["title"] == "No encontrado"
    assert empty.get("/problems/nonesuch").status_code == 404


def test_broken_json_is_refused_with_the_place_where_it_breaks(empty: FlaskClient) -> None:
    answer = empty.post("/search", data=b'{"q":\n "food",}', content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["type"].endswith("/problems/bad-json")
    assert "line 2" in answer.json["detail"]


@pytest.mark.parametrize("body", [b"[]", b"7", b'"food"', b"null"])
def test_json_that_is_no_object_is_refused(empty: FlaskClient, body: bytes) -> None:
    answer = empty.post("/search", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_a_field_deep_in_a_body_is_named_by_its_path(empty: FlaskClient) -> None:
    answer = empty.post("/search", data=orjson.dumps({"need": ["food", 7]}), content_type="application/json")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["need[1]"]
