"""What holds within one worker must hold among all: an assertion is used once, and no host hangs a server."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from resource_api.access.rate import count
from resource_api.access.tables import AccessToken, Rate, SeenAssertion
from resource_api.errors import TooMany
from tests.access.conftest import make_app
from tests.access.enrol import enrol, in_database, wiring_of
from tests.access.served import get_status, post_form, served
from tests.access.signing import claims_of, form_of, jwk_of, key_set, rsa_key, sign
from tests.outside import hang, listening


def an_address() -> str:
    return ".".join(str(random.randrange(1, 255)) for _ in range(4))


def use_at_once(folder: Path, rounds: int) -> None:
    with served(folder) as (port, app), ThreadPoolExecutor(8) as pool:
        enrolled = enrol(app, jwks=key_set(jwk_of(rsa_key(), "rsa")))
        for _ in range(rounds):
            form = form_of(sign(rsa_key(), "RS384", "rsa", claims_of(enrolled.client_id)))
            asked = [pool.submit(post_form, port, form, an_address()) for _ in range(8)]
            assert sorted(one.result() for one in asked) == [200] + [401] * 7
        for table in (AccessToken, SeenAssertion):
            assert in_database(app, lambda s, t=table: s.scalar(select(func.count()).select_from(t))) == rounds


def test_an_assertion_that_reaches_two_workers_at_once_gets_one_token(tmp_path: Path) -> None:
    use_at_once(tmp_path, rounds=10)


@pytest.mark.faults
def test_an_assertion_that_reaches_two_workers_at_once_gets_one_token_a_hundred_times(tmp_path: Path) -> None:
    use_at_once(tmp_path, rounds=100)


def test_a_host_of_keys_that_hangs_leaves_the_server_free(tmp_path: Path) -> None:
    with (
        listening(hang) as machine,
        served(tmp_path, EGRESS_ALLOW=f"127.0.0.1:{machine.port}") as (port, app),
        ThreadPoolExecutor(32) as pool,
    ):
        enrolled = enrol(app, jwks_url=f"http://127.0.0.1:{machine.port}/jwks.json")
        forms = [form_of(sign(rsa_key(), "RS384", "now", claims_of(enrolled.client_id))) for _ in range(32)]
        asked = [pool.submit(post_form, port, form, an_address()) for form in forms]
        time.sleep(1)
        slowest = 0.0
        for _ in range(20):
            started = time.monotonic()
            assert get_status(port, "/services") == 200
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < 1
        assert {one.result() for one in asked} == {401, 429}
        assert machine.calls == 1


def test_workers_count_together(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)

    def try_one(_n: int) -> bool:
        try:
            in_database(app, lambda s: count(s, "tries", limit=20, window_s=60, now=now))
        except TooMany as error:
            return error.retry_after != 60
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(60))) == 20
    assert in_database(app, lambda s: s.scalars(select(Rate.count)).all()) == [20]
    wiring_of(app).database.close()
