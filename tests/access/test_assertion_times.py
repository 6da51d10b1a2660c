"""How far may a client's clock be off? Thirty seconds either way; and an assertion lives for five minutes at most."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api.access.assertion import read_assertion
from resource_api.errors import NotAuthenticated
from tests.access.enrol import ask_token, enrol
from tests.access.signing import AUDIENCE, claims_of, encode, form_of, jwk_of, key_set, rsa_key, sign

CLOCK = 1_800_000_000
NOW = datetime.fromtimestamp(CLOCK, UTC)


def is_taken(app: Flask, **claims: int | None) -> bool:
    enrolled = enrol(app, jwks=key_set(jwk_of(rsa_key(), "rsa")))
    assertion = sign(rsa_key(), "RS384", "rsa", claims_of(enrolled.client_id, **claims))
    with time_machine.travel(NOW, tick=False):
        answer = ask_token(app.test_client(), form_of(assertion))
    assert answer.status_code == 200 or answer.json["error"] == "invalid_client"
    return answer.status_code == 200


def rows(*, taken: str, refused: str) -> list[tuple[int, bool]]:
    """Seconds, and whether an assertion that is so far off is taken."""
    return [(int(s), True) for s in taken.split()] + [(int(s), False) for s in refused.split()]


@pytest.mark.parametrize(
    ("ahead", "taken"), rows(taken="-29 0 29 31 61 300 301 330", refused="-301 -61 -31 -30 331 3600")
)
def test_exp_may_be_this_many_seconds_ahead(ahead: int, taken: bool, shared_app: Flask) -> None:
    assert is_taken(shared_app, exp=CLOCK + ahead, iat=None) is taken


@pytest.mark.parametrize(("ahead", "taken"), rows(taken="-301 -61 -29 29 30", refused="31 61 301"))
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_iat_and_nbf_may_be_this_many_seconds_ahead(claim: str, ahead: int, taken: bool, shared_app: Flask) -> None:
    assert is_taken(shared_app, **{"iat": None, "exp": CLOCK + 60, claim: CLOCK + ahead}) is taken


@pytest.mark.parametrize(("off", "taken"), rows(taken="-329 -301 -61 -31 -29 29", refused="-331 31 61 301"))
def test_a_clients_clock_may_be_off_by_this_many_seconds(off: int, taken: bool, shared_app: Flask) -> None:
    """Its assertions live for five minutes by its own clock."""
    assert is_taken(shared_app, iat=CLOCK + off, exp=CLOCK + off + 300) is taken


def test_a_clock_set_back_does_not_let_an_assertion_be_used_again(shared_app: Flask) -> None:
    enrolled = enrol(shared_app, jwks=key_set(jwk_of(rsa_key(), "rsa")))
    form = form_of(sign(rsa_key(), "RS384", "rsa", claims_of(enrolled.client_id, exp=CLOCK + 200, iat=CLOCK)))
    with time_machine.travel(NOW, tick=False) as clock:
        assert ask_token(shared_app.test_client(), form).status_code == 200
        for moved in (-3600, 3600):
            clock.shift(moved)
            assert ask_token(shared_app.test_client(), form).json["error"] == "invalid_client"


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.binary(max_size=40), min_size=3, max_size=3).map(lambda p: ".".join(map(encode, p)))
)
def test_any_text_is_no_assertion(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_assertion(text, audience=AUDIENCE, now=NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "nbf", "jti")


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(("alg", "kid", "typ", "jku", "crit")), JSON, max_size=2),
    st.dictionaries(st.sampled_from(CLAIMS), JSON, max_size=2),
)
def test_an_assertion_with_anything_in_it_is_read_or_refused(header: dict[str, Any], claims: dict[str, Any]) -> None:
    full = {"alg": "RS384", "kid": "rsa", "typ": "JWT"} | header
    said = claims_of("somebody", exp=CLOCK + 60, iat=CLOCK) | claims
    text = ".".join((encode(json.dumps(full)), encode(json.dumps(said)), "AAAA"))
    try:
        read = read_assertion(text, audience=AUDIENCE, now=NOW)
    except NotAuthenticated:
        return
    assert (read.client_id, read.alg) == (said["sub"], full["alg"])
    assert said["aud"] in (AUDIENCE, [AUDIENCE])
    assert abs(read.expires_at.timestamp() - CLOCK) <= 330


def test_what_needs_no_key_is_refused_before_anybody_is_asked_for_one() -> None:
    with pytest.raises(NotAuthenticated, match="exp"):
        read_assertion(sign(rsa_key(), "RS384", "rsa", claims_of("nobody", exp=CLOCK - 60)), audience=AUDIENCE, now=NOW)
