from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api import create_app
from resource_api.settings import Settings


def page(client: FlaskClient) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return answer.text


def test_requests_are_counted_by_route_method_and_status_and_nothing_else(empty: FlaskClient) -> None:
    with empty.get("/search?near=21215&page=x"), empty.get("/problems/not-found"), empty.open("/", method="BREW"):
        pass
    text = page(empty)
    assert 'http_request_duration_seconds_count{method="GET",route="/search",status="422"}' in text
    assert 'route="/problems/<slug>",status="200"' in text
    assert 'method="other",route="(none)",status="405"' in text
    assert "21215" not in text
    assert "not-found" not in text
    assert "BREW" not in text


def test_a_worker_that_shares_a_folder_tells_what_is_in_the_folder(
    empty: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.get("/livez").close()
    assert "/livez" in page(empty)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert "/livez" not in page(empty)


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.1", "::ffff:203.0.113.9", "", "nonsense"])
def test_strangers_are_told_there_is_no_such_page(empty: FlaskClient, address: str) -> None:
    answer = empty.get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 404
    assert "http_request" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_request_that_a_proxy_passed_on_is_a_strangers(empty: FlaskClient, header: str) -> None:
    assert empty.get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_whole_networks_may_be_allowed(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}", metrics_allow=("10.1.0.0/16",))
    app: Flask = create_app(settings)
    client = app.test_client()
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 404
