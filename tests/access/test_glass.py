"""May an administrator look? For a reason, for a while, and on the record."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from resource_api.access.glass import is_glass_broken
from resource_api.access.tables import BrokenGlass
from resource_api.access.token import authenticate
from resource_api.privacy.tables import Audit
from tests.access.enrol import Enrolled, bearer, enrol, get_token, in_database, wiring_of
from tests.databases import refuse_rows

WHY = {"reason": "Rosa Canary's referral must be found tonight.", "minutes": 30}


def is_broken(app: Flask, client: FlaskClient, enrolled: Enrolled) -> bool:
    token, keys = get_token(client, enrolled), wiring_of(app).keyring
    caller = in_database(app, lambda s: authenticate(s, keys, token, request_id=None, now=datetime.now(UTC)))
    return bool(caller.glass_broken)


def test_the_glass_is_broken_for_as_long_as_was_asked_and_no_longer(app: Flask, client: FlaskClient) -> None:
    admin, other = enrol(app, "admin"), enrol(app, "admin")
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False) as clock:
        assert not is_broken(app, client, admin)
        answer = client.post("/break-glass", json=WHY, headers=bearer(client, admin))
        assert answer.status_code == 201
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["until"] == "2026-06-01T12:30:00+00:00"
        assert is_broken(app, client, admin)
        assert not is_broken(app, client, other)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert is_broken(app, client, admin)
        clock.shift(2)
        assert not is_broken(app, client, admin)


def test_it_is_mended_early(app: Flask, client: FlaskClient) -> None:
    admin = enrol(app, "admin")
    headers = bearer(client, admin)
    for _ in range(2):
        assert client.post("/break-glass", json=WHY, headers=headers).status_code == 201
    assert is_broken(app, client, admin)
    assert client.delete("/break-glass", headers=headers).status_code == 204
    assert not is_broken(app, client, admin)
    assert client.delete("/break-glass", headers=headers).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"minutes": 5},
        {"reason": ""},
        {"reason": "because"},
        {"reason": " " * 40},
        {"reason": "x" * 2001},
        {"reason": 7},
        {"reason": "A patient must be found.", "minutes": 0},
        {"reason": "A patient must be found.", "minutes": 61},
        {"reason": "A patient must be found.", "minutes": "5"},
        {"reason": "A patient must be found.", "until": "2030-01-01T00:00:00Z"},
        {"reason": "A patient must be found.", "client_id": "another"},
    ],
)
def test_without_a_reason_or_for_too_long_it_stays_whole(
    body: dict[str, object], app: Flask, client: FlaskClient
) -> None:
    admin = enrol(app, "admin")
    assert client.post("/break-glass", json=body, headers=bearer(client, admin)).status_code == 422
    assert not is_broken(app, client, admin)


def test_the_reason_is_sealed_and_in_no_log(app: Flask, client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    app_told = app.extensions["resource_api"]
    object.__setattr__(app_told.settings, "log_level", "INFO")
    admin = enrol(app, "admin")
    id = client.post("/break-glass", json=WHY, headers=bearer(client, admin)).json["id"]
    lines = [orjson.loads(line) for line in capfd.readouterr().out.splitlines()]
    (told,) = (line for line in lines if line["event"] == "glass_broken")
    assert (told["level"], told["client_id"]) == ("warning", admin.client_id)
    assert not any("Canary" in str(line) for line in lines)
    kept = in_database(app, lambda s: s.get(BrokenGlass, id).reason)
    assert b"Canary" not in kept
    opened = wiring_of(app).keyring.open(kept, table="broken_glass", column="reason", row=id)
    assert opened.decode() == WHY["reason"]


def test_it_is_on_the_record_when_it_is_broken_and_when_it_is_mended(app: Flask, client: FlaskClient) -> None:
    admin = enrol(app, "admin")
    headers = bearer(client, admin)
    id = client.post("/break-glass", json=WHY, headers=headers).json["id"]
    client.delete("/break-glass", headers=headers)
    rows = in_database(app, lambda s: s.execute(select(Audit).where(Audit.what.like("glass.%"))).scalars().all())
    assert [(row.what, row.client_id, row.object_ids) for row in rows] == [
        ("glass.break", admin.client_id, id),
        ("glass.mend", admin.client_id, id),
    ]
    assert all(row.token_id and row.request_id for row in rows)


def test_where_the_record_fails_it_stays_whole(app: Flask, client: FlaskClient) -> None:
    admin = enrol(app, "admin")
    headers = bearer(client, admin)
    in_database(app, lambda session: refuse_rows(session, "audit"))
    assert client.post("/break-glass", json=WHY, headers=headers).status_code >= 500
    assert not in_database(app, lambda s: is_glass_broken(s, admin.client_id, datetime.now(UTC)))
