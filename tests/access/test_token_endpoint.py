"""A client proves who it is by a secret, and what its token is then good for."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from resource_api.access.client import get_client, revoke_client, rotate_secret
from resource_api.access.tables import AccessToken, ClientSecret
from resource_api.api.authenticate import FAILURES
from resource_api.api.oauth import TOKENS
from resource_api.privacy.tables import Audit
from tests.access.conftest import make_app
from tests.access.enrol import Enrolled, ask_token, bearer, enrol, get_token, in_database, wiring_of
from tests.access.signing import claims_of, form_of, jwk_of, key_set, rsa_key, sign
from tests.databases import refuse_rows

GUARDED = "/break-glass"


def basic(enrolled: Enrolled) -> dict[str, str]:
    pair = f"{quote_plus(enrolled.client_id)}:{quote_plus(enrolled.secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def test_a_secret_is_shown_in_the_header_or_in_the_form(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    for answer in (
        ask_token(client, {}, headers=basic(enrolled)),
        ask_token(client, {"client_id": enrolled.client_id, "client_secret": enrolled.secret}),
    ):
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
        assert answer.json["expires_in"] == 300
        assert answer.json["token_type"] == "bearer"
        assert answer.json["scope"] == "events.read referrals.read referrals.write"
        assert len(base64.urlsafe_b64decode(answer.json["access_token"] + "=")) == 32


def test_no_token_and_no_secret_is_kept_in_plain(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    token = get_token(client, enrolled)
    kept = in_database(app, lambda s: [*s.scalars(select(AccessToken.hash)), *s.scalars(select(ClientSecret.hash))])
    assert kept
    assert token not in kept
    assert enrolled.secret not in kept


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ({"client_id": "{id}", "client_secret": "wrong"}, None),
        ({"client_id": "{id}", "client_secret": "{other}"}, None),
        ({"client_id": "nobody", "client_secret": "{secret}"}, None),
        ({"client_secret": "{secret}"}, None),
        ({"client_id": "{id}"}, None),
        ({}, None),
        ({"client_id": "{reader}", "client_secret": "{reader}"}, None),
        ({}, "Basic"),
        ({}, "Basic ,,,"),
        ({}, "Basic bm8tY29sb24="),
        ({}, "Basic /////w=="),
        ({}, "Bearer {secret}"),
        ({}, "Digest username=x"),
    ],
)
def test_a_wrong_secret_is_an_invalid_client(
    form: dict[str, str], header: str | None, app: Flask, client: FlaskClient
) -> None:
    mine = enrol(app)
    given = {"id": mine.client_id, "secret": mine.secret, "other": enrol(app).secret}
    given["reader"] = enrol(app, "reader").client_id
    headers = {"Authorization": header.format(**given)} if header else {}
    answer = ask_token(client, {name: value.format(**given) for name, value in form.items()}, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_two_ways_at_once_are_an_invalid_request(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    answer = ask_token(client, {"client_secret": enrolled.secret}, headers=basic(enrolled))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        ("grant_type=client_credentials&grant_type=client_credentials", None, "invalid_request"),
        ("grant_type=client_credentials&scope=a&scope=b", None, "invalid_request"),
        ("scope=referrals.read", None, "invalid_request"),
        ("grant_type=password&username=a&password=b", None, "unsupported_grant_type"),
        ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", None, "unsupported_grant_type"),
        ('{"grant_type":"client_credentials"}', "application/json", "invalid_request"),
        ("grant_type=client_credentials", "text/plain", "invalid_request"),
        ("", None, "invalid_request"),
    ],
)
def test_a_malformed_request_is_refused_in_oauths_words(
    body: str, content_type: str | None, error: str, app: Flask, client: FlaskClient
) -> None:
    answer = client.post(
        "/oauth/token",
        data=body,
        content_type=content_type or "application/x-www-form-urlencoded",
        headers=basic(enrol(app)),
    )
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert answer.json["error_description"]


def test_credentials_in_a_url_are_refused(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/oauth/token?client_secret=x", data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_token_has_the_scope_that_was_asked_for_and_no_more(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app, scope=frozenset({"referrals.read", "events.read"}))
    answer = ask_token(client, {"scope": "referrals.read"}, headers=basic(enrolled))
    assert answer.json["scope"] == "referrals.read"
    for beyond in ("referrals.write", "referrals.read referrals.write", "*", "REFERRALS.READ", "system/*.read"):
        answer = ask_token(client, {"scope": beyond}, headers=basic(enrolled))
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


def ask_guarded(client: FlaskClient, headers: dict[str, str]) -> int:
    status: int = client.delete(GUARDED, headers=headers).status_code
    return status


def test_a_token_is_good_for_five_minutes(app: Flask, client: FlaskClient) -> None:
    headers = bearer(client, enrol(app, "admin"))
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        clock.shift(298)
        assert ask_guarded(client, headers) == 204
        clock.shift(3)
        assert ask_guarded(client, headers) == 401


def test_a_clock_set_back_makes_no_token_live_longer(app: Flask, client: FlaskClient) -> None:
    headers = bearer(client, enrol(app, "admin"))
    with time_machine.travel(datetime.now(UTC)) as clock:
        clock.shift(-20)
        assert ask_guarded(client, headers) == 204
        clock.shift(-3600)
        assert ask_guarded(client, headers) == 401


def test_revoking_a_client_ends_its_tokens_at_once(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app, "admin")
    headers = bearer(client, enrolled)
    assert ask_guarded(client, headers) == 204
    in_database(app, lambda session: revoke_client(session, enrolled.client_id, now=datetime.now(UTC)))
    assert ask_guarded(client, headers) == 401
    assert ask_token(client, {}, headers=basic(enrolled)).json["error"] == "invalid_client"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer short", "Basic {token}", "{token}", "Bearer {token} x"]
)
def test_what_is_no_bearer_token_opens_nothing(header: str, app: Flask, client: FlaskClient) -> None:
    token = get_token(client, enrol(app, "admin"))
    answer = client.delete(GUARDED, headers={"Authorization": header.format(token=token)})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_has_two_live_secrets_while_it_rotates(app: Flask, client: FlaskClient) -> None:
    enrolled, keys = enrol(app), wiring_of(app).keyring
    now = datetime.now(UTC)

    def rotate(overlap: timedelta) -> Enrolled:
        def change(session: object) -> str:
            return rotate_secret(session, keys, enrolled.client_id, now=datetime.now(UTC), overlap=overlap)  # type: ignore[arg-type]

        return Enrolled(enrolled.client_id, in_database(app, change), None, "referral_source")

    def works(one: Enrolled) -> bool:
        return ask_token(client, {}, headers=basic(one)).status_code == 200

    second = rotate(timedelta(days=7))
    assert [works(one) for one in (enrolled, second)] == [True, True]
    third = rotate(timedelta(days=7))
    assert [works(one) for one in (enrolled, second, third)] == [False, True, True]
    with time_machine.travel(now + timedelta(days=8)):
        assert [works(one) for one in (enrolled, second, third)] == [False, False, True]
    fourth = rotate(timedelta(0))
    assert [works(one) for one in (third, fourth)] == [False, True]


def test_every_token_is_in_the_audit_and_no_failure_is(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    get_token(client, enrolled)
    ask_token(client, {"client_id": enrolled.client_id, "client_secret": "wrong"})
    rows = in_database(app, lambda s: s.execute(select(Audit.what, Audit.outcome, Audit.client_id)).all())
    assert [tuple(row) for row in rows] == [
        ("client.add", "ok", "system"),
        ("token.issue", "ok", enrolled.client_id),
    ]


def test_what_a_role_may_not_do_is_refused_and_on_the_record(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    assert ask_guarded(client, bearer(client, enrolled)) == 403
    denied = in_database(app, lambda s: s.execute(select(Audit).where(Audit.outcome == "denied")).scalar_one())
    assert (denied.what, denied.client_id, denied.organization_id) == (
        "glass.break",
        enrolled.client_id,
        enrolled.organization_id,
    )
    assert denied.token_id
    assert denied.request_id


def test_an_address_that_fails_too_often_waits_and_others_do_not(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    wrong = {"grant_type": "client_credentials", "client_id": enrolled.client_id, "client_secret": "wrong"}
    with time_machine.travel(datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC), tick=False) as clock:
        statuses = [client.post("/oauth/token", data=wrong).status_code for _ in range(FAILURES + 3)]
        assert statuses == [401] * FAILURES + [429] * 3
        refused = client.post("/oauth/token", data=wrong)
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        right = wrong | {"client_secret": enrolled.secret}
        assert client.post("/oauth/token", data=right).status_code == 429
        assert ask_token(client, right).status_code == 200
        assert client.delete(GUARDED, headers={"Authorization": f"Bearer {'x' * 43}"}).status_code == 429
        clock.shift(61)
        assert client.post("/oauth/token", data=right).status_code == 200


def test_nobody_s_word_is_taken_for_their_address_but_a_known_proxys(tmp_path: Path) -> None:
    for hops, status in ((0, 429), (1, 401)):
        (tmp_path / str(hops)).mkdir()
        app = make_app(tmp_path / str(hops), proxy_hops=hops)
        form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
        with time_machine.travel(datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC), tick=False):
            for n in range(FAILURES + 1):
                forwarded = {"X-Forwarded-For": f"198.51.100.1, 203.0.113.{n}"}
                answer = app.test_client().post("/oauth/token", data=form, headers=forwarded)
        assert answer.status_code == status
        wiring_of(app).database.close()


def test_neighbours_in_one_ipv6_network_are_counted_together(app: Flask, client: FlaskClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}

    def ask(address: str) -> int:
        status: int = client.post("/oauth/token", data=form, environ_overrides={"REMOTE_ADDR": address}).status_code
        return status

    with time_machine.travel(datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC), tick=False):
        assert {ask(f"2001:db8::{n:x}") for n in range(FAILURES)} == {401}
        assert ask("2001:db8::ffff:1") == 429
        assert ask("2001:db8:0:1::1") == 401


def test_one_client_gets_so_many_tokens_in_a_minute(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    with time_machine.travel(datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC), tick=False):
        in_database(
            app,
            lambda session: session.execute(
                text("INSERT INTO rate VALUES (:n, :w, :c, '2026-06-01 13:00:00')"),
                {"n": f"tokens:{enrolled.client_id}", "w": int(datetime.now(UTC).timestamp()) // 60, "c": TOKENS - 1},
            ),
        )
        assert ask_token(client, {}, headers=basic(enrolled)).status_code == 200
        assert ask_token(client, {}, headers=basic(enrolled)).status_code == 429
        assert ask_token(client, {}, headers=basic(enrol(app))).status_code == 200


def test_where_nothing_can_be_counted_no_token_is_issued_and_the_directory_is_open(
    app: Flask, client: FlaskClient
) -> None:
    enrolled = enrol(app)
    in_database(app, lambda session: session.execute(text("DROP TABLE rate")))
    answer = ask_token(client, {}, headers=basic(enrolled))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert in_database(app, lambda s: s.scalars(select(AccessToken.id)).all()) == []
    assert client.get("/services").status_code == 200
    assert client.get("/search?q=food").status_code == 200


def test_where_a_used_assertion_cannot_be_kept_no_token_is_issued(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app, jwks=key_set(jwk_of(rsa_key(), "rsa")))
    in_database(app, lambda session: session.execute(text("DROP TABLE seen_assertion")))
    form = form_of(sign(rsa_key(), "RS384", "rsa", claims_of(enrolled.client_id)))
    assert ask_token(client, form).status_code == 503
    assert in_database(app, lambda s: s.scalars(select(AccessToken.id)).all()) == []


def test_where_the_audit_fails_no_token_is_issued(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    in_database(app, lambda session: refuse_rows(session, "audit"))
    assert ask_token(client, {}, headers=basic(enrolled)).status_code >= 500
    assert in_database(app, lambda s: s.scalars(select(AccessToken.id)).all()) == []


def test_smart_clients_are_told_where_and_how(client: FlaskClient) -> None:
    for accept in ("application/json", "text/html", "*/*"):
        answer = client.get("/.well-known/smart-configuration", headers={"Accept": accept})
        assert answer.mimetype == "application/json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = answer.json
    assert told["token_endpoint"] == "https://help.example.org/oauth/token"
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["token_endpoint_auth_methods_supported"][0] == "private_key_jwt"
    assert told["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "client-confidential-asymmetric" in told["capabilities"]


def test_the_token_endpoint_is_what_the_settings_say_whatever_the_host(client: FlaskClient) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    told = client.get("/.well-known/smart-configuration", headers=forged).json
    assert told["token_endpoint"] == "https://help.example.org/oauth/token"


def test_no_page_of_another_origin_can_read_a_token(app: Flask, client: FlaskClient) -> None:
    answer = ask_token(client, {}, headers=basic(enrol(app)) | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_client_that_is_unknown_and_one_that_was_revoked_are_the_same(app: Flask, client: FlaskClient) -> None:
    enrolled = enrol(app)
    in_database(app, lambda session: revoke_client(session, enrolled.client_id, now=datetime.now(UTC)))
    revoked = ask_token(client, {}, headers=basic(enrolled))
    unknown = ask_token(client, {"client_id": "nobody", "client_secret": "nothing"})
    assert revoked.data == unknown.data
    with pytest.raises(Exception, match="No client"):
        in_database(app, lambda session: get_client(session, enrolled.client_id))
