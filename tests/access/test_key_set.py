"""What if a client's host of keys is away, slow, hostile, or just rotating? (F19)"""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from resource_api.access import key_set as key_set_module
from resource_api.access.client import NewClient, add_client, get_client, replace_keys
from resource_api.access.key_set import LONGEST, PAUSE, UNSAID, choose_key, read_freshness, read_key_set
from resource_api.api.prove_client import WAITING
from resource_api.errors import BadInput, NotAuthenticated
from tests.access.conftest import make_app
from tests.access.enrol import Enrolled, ask_token, enrol, in_database, wiring_of
from tests.access.signing import claims_of, ec_key, form_of, jwk_of, key_set, rsa_key, sign
from tests.outside import Machine, Script, answer, hang, listening, raw

PUBLIC = jwk_of(rsa_key(), "now")
GOOD = key_set(PUBLIC).encode()
OK = b"HTTP/1.1 200 OK\r\n"


class Host:
    """A client's host of keys, an application that may speak to it, and the client."""

    def __init__(self, folder: Path, machine: Machine, url: str | None = None) -> None:
        self.machine = machine
        self.url = url or f"http://127.0.0.1:{machine.port}/jwks.json"
        self.app: Flask = make_app(folder, egress_allow=(f"127.0.0.1:{machine.port}",))
        self.enrolled: Enrolled = enrol(self.app, jwks_url=self.url)

    def ask(self, kid: str = "now", key: Any = None, **header: Any) -> TestResponse:
        assertion = sign(key or rsa_key(), "RS384", kid, claims_of(self.enrolled.client_id), **header)
        return ask_token(self.app.test_client(), form_of(assertion))


@contextmanager
def host(folder: Path, script: Script, url: str | None = None) -> Iterator[Host]:
    with listening(script) as machine:
        made = Host(folder, machine, url.format(port=machine.port) if url else None)
        yield made
        wiring_of(made.app).database.close()


def refused(given: TestResponse) -> bool:
    return given.status_code == 401 and given.json["error"] == "invalid_client"


def test_keys_are_fetched_once_and_kept_for_as_long_as_they_may_be(tmp_path: Path) -> None:
    script = answer(GOOD, "200 OK", "Cache-Control: public, max-age=120")
    with host(tmp_path, script) as its, time_machine.travel(datetime.now(UTC)) as clock:
        assert {its.ask().status_code for _ in range(10)} == {200}
        assert its.machine.calls == 1
        assert b"\r\nAccept: application/json\r\n" in its.machine.requests[0]
        clock.shift(115)
        assert its.ask().status_code == 200
        assert its.machine.calls == 1
        clock.shift(10)
        assert its.ask().status_code == 200
        assert its.machine.calls == 2


WRONG_KTY = json.dumps({"keys": [jwk_of(ec_key(), "now")]}).encode()
PRIVATE = json.dumps({"keys": [PUBLIC | {"d": "AQAB"}]}).encode()
MANY = json.dumps({"keys": [jwk_of(rsa_key(), f"k{n}") for n in range(20)] + [PUBLIC]}).encode()


@pytest.mark.parametrize(
    "script",
    [
        answer(GOOD, "302 Found", "Location: /elsewhere"),
        answer(GOOD, "301 Moved Permanently", "Location: http://169.254.169.254/"),
        answer(GOOD, "500 Oops"),
        answer(GOOD, "404 Not Found"),
        answer(GOOD, "201 Created"),
        answer(b"", "304 Not Modified"),
        answer(b""),
        answer(b"<html>"),
        answer(b"[]"),
        answer(b'{"keys":[]}'),
        answer(b'{"keys":{}}'),
        answer(b'{"keys":[null]}'),
        answer(b"\xff\xfe"),
        answer(b"[" * 60_000),
        answer(GOOD + b" " * 10_000_000),
        raw(OK + b"\r\n" + GOOD[:-1], b" " * 65_536, forever=True),
        answer(key_set(jwk_of(rsa_key(), "other")).encode()),
        answer(json.dumps({"keys": [{k: v for k, v in PUBLIC.items() if k != "kid"}]}).encode()),
        answer(WRONG_KTY),
        answer(PRIVATE),
        answer(MANY),
        answer(json.dumps({"keys": [PUBLIC, jwk_of(rsa_key("b"), "now")]}).encode()),
        answer(json.dumps({"keys": [PUBLIC | {"use": "enc"}]}).encode()),
        answer(json.dumps({"keys": [{"kty": "oct", "kid": "now", "k": "c2VjcmV0"}]}).encode()),
        answer(json.dumps({"keys": [jwk_of(rsa_key("weak", 1024), "now")]}).encode()),
        answer(json.dumps({"keys": [PUBLIC | {"n": 5}]}).encode()),
        answer(json.dumps({"keys": [PUBLIC | {"e": "AA"}]}).encode()),
        answer(gzip.compress(GOOD), "200 OK", "Content-Encoding: gzip"),
        raw(b""),
        raw(OK + b"Content-Length: 5000\r\n\r\n" + GOOD),
    ],
    ids=[
        *("redirect", "redirect to metadata", "500", "404", "201", "304", "empty", "HTML", "a list", "no keys"),
        *("keys no list", "a null key", "no UTF-8", "too deep", "10 MB", "without end", "kid missing", "no kid"),
        *("wrong kty", "private", "21 keys", "kid twice", "for encryption", "symmetric", "1024 bits", "n a number"),
        *("e zero", "packed", "hangs up", "cut short"),
    ],
)
def test_a_host_that_answers_wrongly_makes_an_invalid_client_and_is_asked_once(script: Script, tmp_path: Path) -> None:
    with host(tmp_path, script) as its:
        assert all(refused(its.ask()) for _ in range(5))
        assert its.machine.calls == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://jwks.example.org/jwks.json",
        "http://127.0.0.1/jwks.json",
        "https://127.0.0.1/jwks.json",
        "https://localhost/jwks.json",
        "https://169.254.169.254/jwks.json",
        "ftp://127.0.0.1:{port}/jwks.json",
        "http://user@127.0.0.1:{port}/jwks.json",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_to_be_spoken_to_makes_an_invalid_client(url: str, tmp_path: Path) -> None:
    with host(tmp_path, answer(GOOD), url) as its:
        assert refused(its.ask())
        assert its.machine.calls == 0


def test_a_host_that_is_down_makes_an_invalid_client_until_it_is_up(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    its = Host(tmp_path, Machine("127.0.0.1", port))
    with time_machine.travel(datetime.now(UTC)) as clock:
        assert refused(its.ask())
        with listening(answer(GOOD), port=port) as machine:
            assert refused(its.ask())
            assert machine.calls == 0
            clock.shift(31)
            assert its.ask().status_code == 200
    wiring_of(its.app).database.close()


def test_a_host_that_rotates_at_each_fetch_is_asked_once_in_thirty_seconds(tmp_path: Path) -> None:
    fetched: list[int] = []

    def rotate(wire: socket.socket, request: bytes) -> None:
        fetched.append(1)
        answer(key_set(jwk_of(rsa_key(), f"k{len(fetched)}")).encode())(wire, request)

    with host(tmp_path, rotate) as its, time_machine.travel(datetime.now(UTC)) as clock:
        assert its.ask("k1").status_code == 200
        for kid in ("k2", "k3", "made-up", "k2"):
            assert refused(its.ask(kid))
        assert len(fetched) == 1
        clock.shift(31)
        assert its.ask("k2").status_code == 200
        assert all(refused(its.ask(kid)) for kid in ("k1", "k3", "another"))
        assert len(fetched) == 2


def test_a_key_that_was_taken_out_proves_nothing_once_the_set_is_read_again(tmp_path: Path) -> None:
    sets = [key_set(PUBLIC), key_set(jwk_of(rsa_key("next"), "next"))]

    def rotated(wire: socket.socket, request: bytes) -> None:
        answer((sets.pop(0) if len(sets) > 1 else sets[0]).encode(), "200 OK", "Cache-Control: max-age=60")(
            wire, request
        )

    with host(tmp_path, rotated) as its, time_machine.travel(datetime.now(UTC)) as clock:
        assert its.ask().status_code == 200
        clock.shift(61)
        assert its.ask("next", rsa_key("next")).status_code == 200
        assert refused(its.ask())


def test_keys_are_not_kept_because_a_host_is_away(tmp_path: Path) -> None:
    scripts = [answer(GOOD, "200 OK", "Cache-Control: max-age=60"), answer(b"", "503 Away")]

    def fail_then(wire: socket.socket, request: bytes) -> None:
        (scripts.pop(0) if len(scripts) > 1 else scripts[0])(wire, request)

    with host(tmp_path, fail_then) as its, time_machine.travel(datetime.now(UTC)) as clock:
        assert its.ask().status_code == 200
        clock.shift(61)
        assert refused(its.ask())


@pytest.mark.parametrize("off", [-7200, 7200])
def test_a_clock_that_jumps_does_not_keep_a_client_out(off: int, tmp_path: Path) -> None:
    script = answer(GOOD, "200 OK", "Cache-Control: max-age=60")
    with host(tmp_path, script) as its, time_machine.travel(datetime.now(UTC)) as clock:
        assert its.ask().status_code == 200
        clock.shift(off)
        assert its.ask().status_code == 200
        assert its.machine.calls == 2


def test_many_who_come_at_once_make_one_fetch_and_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(wire: socket.socket, request: bytes) -> None:
        time.sleep(0.4)
        answer(GOOD)(wire, request)

    with host(tmp_path, slowly) as its, ThreadPoolExecutor(WAITING) as pool:
        statuses = [one.result().status_code for one in [pool.submit(its.ask) for _ in range(WAITING)]]
        assert statuses == [200] * WAITING
        assert its.machine.calls == 1


def test_a_host_that_hangs_holds_two_threads_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_set_module, "FETCH_S", 1.0)
    with host(tmp_path, hang) as its, ThreadPoolExecutor(10) as pool:
        started = time.monotonic()
        asked = [pool.submit(its.ask) for _ in range(10)]
        done = [one.result() for one in asked]
        assert time.monotonic() - started < 4
        assert sorted({one.status_code for one in done}) == [401, 429]
        assert sum(one.status_code == 401 for one in done) == WAITING
        assert all(one.headers["Retry-After"] == "1" for one in done if one.status_code == 429)
        assert its.machine.calls == 1
        started = time.monotonic()
        assert refused(its.ask())
        assert time.monotonic() - started < 0.5


def test_a_jku_must_be_the_registered_address(tmp_path: Path) -> None:
    with host(tmp_path, answer(GOOD)) as its:
        assert refused(its.ask(jku="https://evil.example/jwks.json"))
        assert refused(its.ask(jku=its.url + "/"))
        assert refused(its.ask(jku=its.url.upper()))
        assert its.machine.calls == 0
        assert its.ask(jku=its.url).status_code == 200


def test_nobody_is_asked_on_the_word_of_what_is_wrong_by_itself(tmp_path: Path) -> None:
    with host(tmp_path, answer(GOOD)) as its:
        late = claims_of(its.enrolled.client_id, exp=int(time.time()) - 3600)
        for assertion in (
            sign(rsa_key(), "RS384", "now", late),
            sign(rsa_key(), "RS256", "now", claims_of(its.enrolled.client_id)),
            sign(rsa_key(), "RS384", "now", claims_of(its.enrolled.client_id, aud="https://evil.example")),
        ):
            assert refused(ask_token(its.app.test_client(), form_of(assertion)))
        assert its.machine.calls == 0


def test_other_keys_take_the_place_of_those_before_at_once(app: Flask) -> None:
    enrolled = enrol(app, jwks=key_set(PUBLIC))

    def ask(key: Any) -> int:
        form = form_of(sign(key, "RS384", "now", claims_of(enrolled.client_id)))
        status: int = ask_token(app.test_client(), form).status_code
        return status

    assert ask(rsa_key()) == 200
    other = key_set(jwk_of(rsa_key("next"), "now"))
    in_database(app, lambda s: replace_keys(s, enrolled.client_id, jwks=other, jwks_url=None, now=datetime.now(UTC)))
    assert [ask(rsa_key()), ask(rsa_key("next"))] == [401, 200]


@pytest.mark.parametrize("name", ["RS384", "ES384"])
def test_smarts_own_example_keys_can_be_registered(name: str, data: Path) -> None:
    text = (data / "fhir" / "smart-jwks" / f"{name}.public.json").read_text("utf-8")
    (key,) = read_key_set(text)
    assert choose_key((key,), key["kid"], name).algorithm_name == name


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, UNSAID),
        ({"cache-control": "max-age=60"}, timedelta(seconds=60)),
        ({"cache-control": "public, max-age=600, must-revalidate"}, timedelta(minutes=10)),
        ({"cache-control": "Max-Age=600", "age": "500"}, timedelta(seconds=100)),
        ({"cache-control": "s-maxage=10"}, UNSAID),
        ({"cache-control": "max-age=999999999"}, LONGEST),
        ({"cache-control": "max-age=0"}, PAUSE),
        ({"cache-control": "no-store"}, PAUSE),
        ({"cache-control": "no-cache, max-age=600"}, PAUSE),
        ({"cache-control": "max-age=60", "age": "9999"}, PAUSE),
        ({"cache-control": "max-age=soon"}, UNSAID),
    ],
)
def test_what_was_fetched_is_kept_no_longer_than_it_says(headers: dict[str, str], kept: timedelta) -> None:
    assert read_freshness(headers) == kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*PUBLIC, "x", "y", "crv", "use", "alg", "key_ops", "x5c"]), JSON), JSON)
def test_any_key_is_used_or_refused(changed: dict[str, Any], kid: Any) -> None:
    try:
        keys = read_key_set(json.dumps({"keys": [PUBLIC | changed]}))
    except BadInput:
        return
    for alg in ("RS384", "ES384"):
        try:
            assert choose_key(keys, kid, alg).key is not None
        except NotAuthenticated:
            continue


def test_a_client_has_keys_or_an_address_of_keys_and_a_reader_has_neither(app: Flask) -> None:
    for wrong in (
        NewClient("both", "admin", jwks=key_set(PUBLIC), jwks_url="https://example.org/jwks"),
        NewClient("reader", "reader", origins=("https://example.org",), jwks=key_set(PUBLIC)),
    ):
        with pytest.raises(BadInput):
            in_database(app, lambda s, new=wrong: add_client(s, wiring_of(app).keyring, new, now=datetime.now(UTC)))


def test_a_client_that_signs_has_no_secret_and_the_other_way_round(app: Flask) -> None:
    signing, secret = enrol(app, jwks=key_set(PUBLIC)), enrol(app)
    assert signing.secret == ""
    assert in_database(app, lambda s: get_client(s, secret.client_id)).jwks is None
    with pytest.raises(BadInput):
        in_database(
            app,
            lambda s: replace_keys(s, secret.client_id, jwks=key_set(PUBLIC), jwks_url=None, now=datetime.now(UTC)),
        )
