from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from resource_api.access.forget import forget_expired
from resource_api.access.rate import count
from resource_api.access.tables import AccessToken, Rate, SeenAssertion
from tests.access.enrol import ask_token, bearer, enrol, in_database
from tests.access.signing import claims_of, form_of, jwk_of, key_set, rsa_key, sign


def counted(app: Flask) -> list[int]:
    tables = (AccessToken, SeenAssertion)
    return [in_database(app, lambda s, t=table: s.scalar(select(func.count()).select_from(t))) for table in tables]


def test_only_what_is_over_is_forgotten(app: Flask, client: FlaskClient) -> None:
    now = datetime.now(UTC)
    enrolled = enrol(app, jwks=key_set(jwk_of(rsa_key(), "rsa")))
    form = form_of(sign(rsa_key(), "RS384", "rsa", claims_of(enrolled.client_id)))
    assert ask_token(client, form).status_code == 200
    assert in_database(app, lambda s: forget_expired(s, now)) == 0
    assert counted(app) == [1, 1]
    assert in_database(app, lambda s: forget_expired(s, now + timedelta(minutes=6))) == 2  # the token, and its count
    assert counted(app) == [0, 1]
    assert ask_token(client, form).json["error"] == "invalid_client"
    in_database(app, lambda s: forget_expired(s, now + timedelta(days=2)))
    assert counted(app) == [0, 0]


def test_a_count_is_kept_while_its_window_lasts(app: Flask) -> None:
    now = datetime(2026, 6, 1, 12, 0, 59, tzinfo=UTC)
    in_database(app, lambda s: count(s, "tries", limit=5, window_s=60, now=now))
    in_database(app, lambda s: forget_expired(s, now))
    assert in_database(app, lambda s: s.scalars(select(Rate.count)).all()) == [1]


def test_what_is_forgotten_opens_nothing_before_or_after(app: Flask, client: FlaskClient) -> None:
    headers = bearer(client, enrol(app, "admin"))
    in_database(app, lambda s: forget_expired(s, datetime.now(UTC) + timedelta(hours=1)))
    assert client.delete("/break-glass", headers=headers).status_code == 401
