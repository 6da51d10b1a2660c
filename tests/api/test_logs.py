from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from resource_api import create_app
from resource_api.api.blueprint import Blueprint
from resource_api.settings import Settings

faulty = Blueprint("faulty", __name__)


@faulty.route("/faulty")
def fail() -> None:
    raise ValueError("Jane Doe, born 1990-01-01")


@faulty.route("/streamed")
def stream() -> Response:
    def lines() -> Iterator[bytes]:
        yield b"{}\n"
        yield b"{}\n"

    return Response(lines(), mimetype="application/x-ndjson")


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in captured.readouterr().out.splitlines()]


def test_each_request_is_one_line_of_json(empty: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    empty.get("/", headers={"X-Request-Id": "abc"}).close()
    (line,) = lines(capfd)
    assert line["event"] == "request"
    assert line["level"] == "info"
    assert (line["method"], line["route"], line["status"], line["request_id"]) == ("GET", "/", 200, "abc")
    assert isinstance(line["duration_ms"], float)
    assert isinstance(line["bytes"], int)
    assert str(line["time"]).startswith("20")
    assert str(line["time"]).endswith("Z")


def test_neither_a_query_nor_a_path_nor_a_body_is_ever_logged(
    empty: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    empty.get("/search?q=leaving+my+husband&near=21215&page=x").close()
    empty.post("/search", json={"q": "leaving my husband", "near": "21215", "page": "x"}).close()
    empty.get("/problems/husband").close()
    empty.get("/husband").close()
    out = capfd.readouterr().out
    assert [orjson.loads(line)["route"] for line in out.splitlines()] == [
        "/search",
        "/search",
        "/problems/<slug>",
        "(none)",
    ]
    assert "husband" not in out
    assert "21215" not in out


def test_a_fault_is_logged_by_where_it_was_raised_and_never_by_what_it_said(
    empty_app: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    empty_app.register_blueprint(faulty)
    answer = empty_app.test_client().get("/faulty")
    answer.close()
    captured = capfd.readouterr()
    fault, request = (orjson.loads(line) for line in captured.out.splitlines())
    assert fault["event"] == "fault"
    assert fault["level"] == "error"
    assert fault["error"] == "builtins.ValueError"
    assert any("test_logs.py" in frame for frame in fault["raised"])
    assert fault["request_id"] == request["request_id"] == answer.json["request_id"]
    assert "Jane" not in captured.out + captured.err


def test_a_streamed_answer_is_logged_when_it_has_ended(empty_app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    empty_app.register_blueprint(faulty)
    answer = empty_app.test_client().get("/streamed")
    assert lines(capfd) == []
    assert answer.data == b"{}\n{}\n"
    answer.close()
    (line,) = lines(capfd)
    assert (line["route"], line["bytes"]) == ("/streamed", None)


def test_a_quieter_level_leaves_the_requests_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'x.db'}", log_level="WARNING"))
    app.test_client().get("/").close()
    assert lines(capfd) == []
