"""What is a publishable key good for? For the directory, on the pages it was made for, and for nothing else."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api.access.client import NewClient, add_client, revoke_client, rotate_secret
from resource_api.access.origin import read_origin
from resource_api.errors import BadInput
from tests.access.enrol import ask_token, enrol, in_database, wiring_of

HERE = "https://pages.example.org"


def keyed(key: str, origin: str | None = HERE) -> dict[str, str]:
    return {"X-Embed-Key": key} | ({"Origin": origin} if origin else {})


def test_a_reader_reads_the_directory_from_its_own_pages(app: Flask, client: FlaskClient) -> None:
    key = enrol(app, "reader", origins=(HERE, "https://other.example.org:8443")).client_id
    for origin in (HERE, "https://other.example.org:8443"):
        assert client.get("/services", headers=keyed(key, origin)).status_code == 200
        assert client.post("/search", json={"q": "food"}, headers=keyed(key, origin)).status_code == 200
        assert client.get("/search?q=food", headers=keyed(key, origin)).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "https://evil.example",
        "http://pages.example.org",
        "https://pages.example.org:8443",
        "https://pages.example.org.evil.example",
        "https://evil-pages.example.org",
        "https://pages.example.org/",
        "https://PAGES.example.org",
        "pages.example.org",
        "https://pages.example.org https://evil.example",
    ],
)
def test_from_any_other_page_it_is_refused(origin: str | None, app: Flask, client: FlaskClient) -> None:
    key = enrol(app, "reader").client_id
    for answer in (
        client.get("/services", headers=keyed(key, origin)),
        client.post("/search", json={"q": "food"}, headers=keyed(key, origin)),
    ):
        assert answer.status_code == 403
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/oauth/token"),
        ("POST", "/break-glass"),
        ("DELETE", "/break-glass"),
        ("GET", "/metrics"),
    ],
)
def test_it_touches_nothing_but_the_directory(method: str, path: str, app: Flask, client: FlaskClient) -> None:
    key = enrol(app, "reader").client_id
    assert client.open(path, method=method, headers=keyed(key)).status_code == 403


def test_it_gets_no_token_and_is_none(app: Flask, client: FlaskClient) -> None:
    key = enrol(app, "reader").client_id
    for secret in (key, "", "crd_x"):
        assert ask_token(client, {}, auth=(key, secret)).status_code == 401
    assert client.delete("/break-glass", headers={"Authorization": f"Bearer {key}"}).status_code == 401


@pytest.mark.parametrize("kind", ["unknown", "revoked", "another role's", "a secret", "empty"])
def test_what_is_no_readers_key_is_refused(kind: str, app: Flask, client: FlaskClient) -> None:
    revoked, other = enrol(app, "reader"), enrol(app, "referral_source")
    in_database(app, lambda session: revoke_client(session, revoked.client_id, now=datetime.now(UTC)))
    key = {
        "unknown": "00000000-0000-4000-8000-000000000000",
        "revoked": revoked.client_id,
        "another role's": other.client_id,
        "a secret": other.secret,
        "empty": "",
    }[kind]
    assert client.get("/services", headers=keyed(key)).status_code == 401


def test_a_page_may_send_its_key_from_another_origin(client: FlaskClient) -> None:
    asked = client.options("/search", headers={"Origin": HERE, "Access-Control-Request-Method": "POST"})
    assert "X-Embed-Key" in asked.headers["Access-Control-Allow-Headers"]
    assert "Authorization" not in asked.headers["Access-Control-Allow-Headers"]


def test_a_reader_has_no_secret_to_rotate(app: Flask) -> None:
    reader = enrol(app, "reader")
    assert reader.secret == ""
    with pytest.raises(BadInput):
        in_database(app, lambda s: rotate_secret(s, wiring_of(app).keyring, reader.client_id, now=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://Pages.Example.org", "https://pages.example.org"),
        ("https://pages.example.org/", "https://pages.example.org"),
        ("https://pages.example.org:443", "https://pages.example.org"),
        ("https://pages.example.org:8443", "https://pages.example.org:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(given: str, read: str) -> None:
    assert read_origin(given) == read


@pytest.mark.parametrize(
    "given",
    (
        "* null pages.example.org https:// https://*.example.org https://a/b https://u@a.example "
        "http://pages.example.org ftp://a.example https://a.example,https://b.example http://localhost.evil.org https://é.example"
    ).split(),
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(BadInput):
        read_origin(given)


def test_a_reader_without_an_origin_and_an_origin_without_a_reader_are_refused(app: Flask) -> None:
    organization = enrol(app).organization_id
    for wrong in (
        NewClient("reader", "reader", organization),
        NewClient("source", "referral_source", organization, origins=(HERE,)),
    ):
        with pytest.raises(BadInput):
            in_database(app, lambda s, new=wrong: add_client(s, wiring_of(app).keyring, new, now=datetime.now(UTC)))
