import gzip

import orjson
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.headers import GZIP_FROM

LONG = orjson.dumps({"text": "all work and no play " * 200})
answering = Blueprint("answering", __name__)
private = Blueprint("private", __name__, public=False)


@answering.route("/long")
def show_long() -> Response:
    return json_bytes(LONG, etag="abc")


@answering.route("/short")
def show_short() -> Response:
    return json_bytes(b"{}", etag="def", max_age=5)


@answering.route("/lines")
def show_lines() -> Response:
    return Response((b"{}\n" for _ in range(1000)), mimetype="application/json")


@private.route("/private")
def show_private() -> Response:
    return json_bytes(b"{}")


@pytest.fixture
def client(empty_app: Flask) -> FlaskClient:
    empty_app.register_blueprint(answering)
    empty_app.register_blueprint(private)
    return empty_app.test_client()


def test_a_long_answer_is_gzipped_for_who_takes_it(client: FlaskClient) -> None:
    packed = client.get("/long", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == LONG
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(LONG)
    plain = client.get("/long")
    assert plain.data == LONG
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("refusal", ["", "identity", "gzip;q=0", "br"])
def test_nobody_gets_gzip_who_did_not_ask(client: FlaskClient, refusal: str) -> None:
    assert "Content-Encoding" not in client.get("/long", headers={"Accept-Encoding": refusal}).headers


def test_short_and_streamed_answers_stay_plain(client: FlaskClient) -> None:
    for path in ("/short", "/lines"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers
    assert len(LONG) > GZIP_FROM


def test_each_encoding_has_its_own_strong_tag(client: FlaskClient) -> None:
    assert client.get("/long").headers["ETag"] == '"abc"'
    assert client.get("/long", headers={"Accept-Encoding": "gzip"}).headers["ETag"] == '"abc-gzip"'
    assert client.get("/short", headers={"Accept-Encoding": "gzip"}).headers["ETag"] == '"def"'


@pytest.mark.parametrize("known", ['"abc"', 'W/"abc"', '"abc-gzip"', '"x", "abc"', "*", '"x",W/"abc"'])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_who_has_it_already_gets_a_304(client: FlaskClient, known: str, encoding: str) -> None:
    answer = client.get("/long", headers={"If-None-Match": known, "Accept-Encoding": encoding})
    assert answer.status_code == 304
    assert answer.data == b""
    assert "Content-Encoding" not in answer.headers
    assert "Content-Type" not in answer.headers
    full = client.get("/long", headers={"Accept-Encoding": encoding})
    for name in ("ETag", "Cache-Control", "Vary"):
        assert answer.headers[name] == full.headers[name]


@pytest.mark.parametrize("known", ['"other"', '"ab"', "abcd", '"def"'])
def test_who_has_another_gets_the_whole(client: FlaskClient, known: str) -> None:
    assert client.get("/long", headers={"If-None-Match": known}).status_code == 200


def test_head_answers_as_get_without_the_body(client: FlaskClient) -> None:
    head, get = client.head("/long"), client.get("/long")
    assert head.data == b""
    assert head.headers["Content-Length"] == str(len(LONG))
    assert head.headers["ETag"] == get.headers["ETag"]


def test_answers_may_be_kept_for_as_long_as_the_settings_say(client: FlaskClient) -> None:
    assert client.get("/long").headers["Cache-Control"] == "public, max-age=60"
    assert client.get("/short").headers["Cache-Control"] == "public, max-age=5"


def test_any_web_page_may_read_the_directory_but_never_with_credentials(empty: FlaskClient) -> None:
    for path in ("/", "/nowhere", "/openapi.json"):
        answer = empty.get(path, headers={"Origin": "https://app.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_is_told_methods_headers_and_for_how_long(empty: FlaskClient) -> None:
    asking = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = empty.options("/search", headers=asking)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert "POST" not in empty.options("/needs", headers=asking).headers["Access-Control-Allow-Methods"]


def test_what_is_not_public_is_not_readable_from_other_pages(client: FlaskClient) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/private").headers


def test_a_sane_request_id_is_kept_and_any_other_replaced(empty: FlaskClient) -> None:
    assert empty.get("/", headers={"X-Request-Id": "ehr-42.a_B"}).headers["X-Request-Id"] == "ehr-42.a_B"
    seen = {empty.get("/", headers={"X-Request-Id": bad}).headers["X-Request-Id"] for bad in ("", "a b", "x" * 65, "é")}
    assert len(seen) == 4
    assert all(len(made) == 16 for made in seen)


def test_every_answer_carries_the_security_headers(empty: FlaskClient) -> None:
    for path in ("/", "/nowhere", "/docs"):
        headers = empty.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
