"""Restarted while it is used, as an operator does for a new release: nobody's request fails.

SIGHUP to the first process starts new workers and lets the old ones end what they have begun; SIGTERM to one worker
does the same to that one. A connection that was kept, and closed while nothing was asked on it, is not a failed
request: HTTP lets a client ask again on another (RFC 9112, section 9.3.1).
"""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.referrals.world import PANTRY, PATIENT, named, referral_to
from tests.town.town import Client, Town, ask_on, wait_for

CLOSED = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


@dataclass
class Counted:
    """How requests ended; `again` were asked again because a kept connection had been closed."""

    done: int = 0
    again: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def ask_and_ask(counted: Counted, client: Client, name: str, stop: threading.Event) -> None:
    """Write and read by turns on one connection, which is opened anew where it was closed while nothing was asked."""
    connection, fresh = http.client.HTTPConnection("127.0.0.1", client.town.port, timeout=30), True
    number = 0
    while not stop.is_set():
        number += 1
        time.sleep(0.05 if number % 5 == 0 else 0)  # idle now and then
        patient = PATIENT | {"name": {"given": name, "family": f"No. {number}"}, "identifiers": [], "phone": name}
        body = referral_to(patient=patient, consent=named(PANTRY), allow_duplicate=True)
        method, path, sent, expected = (
            ("POST", "/referrals", body, 201) if number % 2 else ("GET", "/services", None, 200)
        )
        headers = client.bearer() | {"Idempotency_Key": f"{name}-{number}"}
        try:
            try:
                answer = ask_on(connection, method, path, sent, **headers)
            except CLOSED:
                connection.close()
                if fresh:
                    raise
                with counted.lock:
                    counted.again += 1
                answer = ask_on(connection, method, path, sent, **headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            with counted.lock:
                counted.failed.append(f"{method} {path}: {error!r}")
            fresh = True
            continue
        with counted.lock:
            counted.done += 1
            if answer.status != expected:
                counted.failed.append(f"{method} {path}: {answer}")
        fresh = answer.headers.get("Connection") == "close"
    connection.close()


def restart_under_load(town: Town, restart: Callable[[Town], None], times: int) -> Counted:
    counted, stop, hospital = Counted(), threading.Event(), town.client("hospital")
    hospital.bearer()
    threads = [
        threading.Thread(target=ask_and_ask, args=(counted, hospital, f"client-{number}", stop)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(times):
            time.sleep(0.5)
            before = set(town.server_workers())
            restart(town)
            wait_for(lambda before=before: len(set(town.server_workers()) - before) == 2 == len(town.server_workers()))
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert counted.failed == []
    assert counted.done > 20 * times
    code, told = town.verify()
    assert code == 0, told
    return counted


def renew(town: Town) -> None:
    assert town.server is not None
    town.server.send_signal(signal.SIGHUP)


def end_each_worker(town: Town) -> None:
    for pid in town.server_workers():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda pid=pid: pid not in town.server_workers() and len(town.server_workers()) == 2)


@pytest.mark.faults
@pytest.mark.parametrize("restart", [renew, end_each_worker])
def test_workers_are_renewed_again_and_again_and_nobodys_request_fails(
    town: Town, restart: Callable[[Town], None], record_property
) -> None:
    counted = restart_under_load(town, restart, 10)
    said = f"{restart.__name__} 10 times: {counted.done} requests, 0 failed, {counted.again} on connections closed idle"
    record_property("summary", said)
