"""Whatever a receiver does, nothing is lost, nothing is sent where it must not go, and the others are told in time."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

import resource_api.delivery.send as sending
from resource_api.delivery.claim import CALL_LEASE
from resource_api.delivery.endpoint import enable_endpoint, remove_endpoint
from resource_api.delivery.schedule import MOST_ATTEMPTS
from resource_api.delivery.tables import Endpoint
from resource_api.egress import Egress
from resource_api.postman import Postman
from resource_api.privacy.tables import Audit
from tests.delivery.conftest import World
from tests.delivery.receivers import (
    Behave,
    Received,
    Receivers,
    answer,
    drip,
    first,
    flood,
    hang,
    receiving,
    reset,
)

OK = answer(200)
BOMB = gzip.compress(b"\0" * 50_000_000)


def bomb(handler: object, _received: Received, _before: int) -> None:
    """Answer with what would be fifty megabytes once unpacked."""
    handler.wfile.write(  # type: ignore[attr-defined]
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB
    )


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "DEADLINE_S", 0.6)


# Behaviour → state, reason and last status after one attempt.
FAULTS: dict[str, tuple[Behave, str, str | None, int | None]] = {
    "500": (answer(500), "pending", "status-500", 500),
    "404": (answer(404), "pending", "status-404", 404),
    "429 with Retry-After": (answer(429, Retry_After="600"), "pending", "status-429", 429),
    "410": (answer(410), "parked", "endpoint-gone", 410),
    "hang": (hang(3), "pending", "no-answer", None),
    "a byte a second": (drip, "pending", "no-answer", None),
    "reset in the middle": (reset, "pending", "no-answer", None),
    "302 to the metadata": (answer(302, Location="http://169.254.169.254/latest/"), "pending", "status-302", 302),
    "ten gigabytes": (flood, "pending", "status-500", 500),
    "gzip bomb": (bomb, "delivered", None, 200),
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_receiver_is_kept_and_harms_no_other(world: World, receivers: Receivers, fault: str) -> None:
    behave, state, reason, status = FAULTS[fault]
    grants, others = world.participant(), world.participant("Cradle Room")
    world.endpoint(grants, receivers.url("/bad"))
    world.endpoint(others, receivers.url("/good"))
    receivers.behaviours["/bad"] = behave
    world.happen(grants, "r1", (1, 2))
    world.happen(others, "r1", range(1, 6))
    started = time.monotonic()
    world.deliver()
    assert time.monotonic() - started < 3
    bad, waiting = (d for d in world.deliveries() if d.endpoint_id == world.endpoint_of(grants))
    assert (bad.state, bad.reason, bad.last_status) == (state, reason, status)
    assert len(receivers.at("/bad")) == (2 if state == "delivered" else 1), "what comes later waits for its turn"
    assert waiting.attempts == (1 if state == "delivered" else 0)
    assert [r.key[1] for r in receivers.at("/good")] == [1, 2, 3, 4, 5]
    if state == "pending":
        assert waiting.next_at >= bad.next_at > world.clock() - timedelta(seconds=1)


def test_retry_after_is_honoured_and_capped_at_a_day(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/slow"))
    receivers.behaviours["/slow"] = first(1, answer(429, Retry_After="600"), answer(503, Retry_After="999999999"))
    world.happen(grants, "r1", (1,))
    world.deliver()
    [delivery] = world.deliveries()
    assert timedelta(seconds=595) < delivery.next_at - world.clock() <= timedelta(seconds=600)
    world.clock.forward(seconds=601)
    world.deliver()
    [delivery] = world.deliveries()
    assert timedelta(hours=23) < delivery.next_at - world.clock() <= timedelta(hours=24)


def test_a_receiver_that_asks_for_rest_is_left_alone_with_all_that_waits(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/slow"))
    receivers.behaviours["/slow"] = answer(429, Retry_After="600")
    for number in range(50):
        world.happen(grants, f"r{number}", (1,))
    world.deliver()
    assert len(receivers.at("/slow")) <= 4, "those under way when it said so, and no more"


def test_a_name_that_does_not_exist_is_tried_again(world: World) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    grants = world.participant()
    world.endpoint(grants, "https://nowhere.example.org/hook")
    world.happen(grants, "r1", (1,))
    deliver_by(world, Egress((), resolve=resolve))
    [delivery] = world.deliveries()
    assert (delivery.state, delivery.reason, delivery.attempts) == ("pending", "no-answer", 1)


def test_a_name_that_comes_to_lead_inside_is_called_no_more(world: World, receivers: Receivers) -> None:
    answers = iter(["127.0.0.1", "169.254.169.254", "10.0.0.1"])
    grants = world.participant()
    world.endpoint(grants, f"http://rebinding.example.org:{receivers.port}/hook")
    world.happen(grants, "r1", (1, 2, 3))
    egress = Egress((f"127.0.0.0/8:{receivers.port}",), resolve=lambda _host, _port: [next(answers)])
    deliver_by(world, egress)
    assert [d.state for d in world.deliveries()] == ["delivered", "pending", "pending"]
    assert len(receivers.received) == 1


def test_names_that_hang_keep_no_other_name_from_resolving(
    world: World, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr("resource_api.egress.CONNECT_S", 1.0)

    def resolve(host: str, _port: int) -> list[str]:
        if host.startswith("hanging"):
            released.wait(20)
        return ["127.0.0.1"]

    hanging, good = world.participant(), world.participant("Cradle Room")
    for number in range(20):
        world.endpoint(hanging, f"http://hanging-{number}.example.org:{receivers.port}/bad")
    world.endpoint(good, f"http://well.example.org:{receivers.port}/good")
    world.happen(hanging, "r1", (1,))
    world.happen(good, "r1", range(1, 11))
    try:
        deliver_by(world, Egress((f"127.0.0.0/8:{receivers.port}",), resolve=resolve))
    finally:
        released.set()
    assert [one.key[1] for one in receivers.at("/good")] == list(range(1, 11))
    assert not receivers.at("/bad")


def test_a_redirect_is_not_followed(world: World, receivers: Receivers) -> None:
    with receiving() as inside:
        grants = world.participant()
        world.endpoint(grants, receivers.url("/bad"))
        receivers.behaviours["/bad"] = answer(307, Location=inside.url("/secret"))
        world.happen(grants, "r1", (1,))
        world.deliver()
        assert not inside.received


def test_an_expired_certificate_is_not_spoken_to(world: World) -> None:
    with expired_tls() as (port, authority, asked):
        grants = world.participant()
        world.endpoint(grants, f"https://localhost:{port}/hook")
        world.happen(grants, "r1", (1,))
        tls = ssl.create_default_context(cadata=authority)
        deliver_by(world, Egress((f"localhost:{port}",), tls=tls))
        [delivery] = world.deliveries()
        assert (delivery.state, delivery.reason) == ("pending", "no-answer")
        assert asked == []


def test_what_was_sent_but_not_settled_before_a_crash_is_sent_again_under_the_same_id(
    world: World, receivers: Receivers
) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1, 2))
    crashing = world.postman()
    crashing.turn()
    crashing.ended.get(timeout=5)  # answered; but it dies here
    world.deliver()
    assert len(receivers.received) == 1, "the dead one's lease still holds, and what is later waits for it"
    world.clock.forward(seconds=CALL_LEASE.total_seconds() + 1)
    world.deliver()
    assert [r.key[1] for r in receivers.received] == [1, 1, 2]
    assert receivers.received[0].id == receivers.received[1].id
    assert {d.state for d in world.deliveries()} == {"delivered"}
    crashing.unsettled.clear()
    crashing.threads.shutdown()


def test_every_attempt_has_the_same_id_and_a_timestamp_of_its_own(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    receivers.behaviours["/hook"] = first(2, answer(500), OK)
    world.happen(grants, "r1", (1,))
    for _ in range(3):
        world.deliver()
        world.clock.forward(minutes=10)
    assert len({r.id for r in receivers.received}) == 1
    assert len({r.headers["webhook-timestamp"] for r in receivers.received}) == 3


def test_ten_attempts_in_three_days_and_then_it_is_dead_and_those_behind_it_go_on(
    world: World, receivers: Receivers
) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    receivers.behaviours["/hook"] = first(MOST_ATTEMPTS, answer(500), OK)
    world.happen(grants, "r1", (1, 2))
    started = world.clock()
    while (delivery := world.deliveries()[0]).state == "pending":
        world.clock.ahead = delivery.next_at - datetime.now(UTC) + timedelta(seconds=1)
        world.deliver()
    assert timedelta(hours=60) < world.clock() - started < timedelta(hours=92)
    dead, later = world.deliveries()
    assert (dead.state, dead.attempts, dead.reason) == ("dead", MOST_ATTEMPTS, "status-500")
    assert (later.state, later.attempts) == ("delivered", 1)


def test_a_message_that_cannot_be_written_dies_alone(world: World, receivers: Receivers) -> None:
    bad, good = world.participant(), world.participant("Cradle Room")
    endpoint, _ = world.endpoint(bad, receivers.url("/bad"))
    world.endpoint(good, receivers.url("/good"))
    with world.database.write() as session:
        session.get_one(Endpoint, endpoint.id).secret = b"altered"
        session.commit()
    world.happen(bad, "r1", (1,))
    world.happen(good, "r1", (1,))
    world.deliver()
    assert not receivers.at("/bad")
    assert len(receivers.at("/good")) == 1
    poisoned = next(d for d in world.deliveries() if d.endpoint_id == endpoint.id)
    assert (poisoned.state, poisoned.reason) == ("pending", "unwritable-Unreadable")


def test_410_disables_the_endpoint_and_parks_what_is_queued_until_it_is_enabled_again(
    world: World, receivers: Receivers
) -> None:
    grants = world.participant()
    endpoint, _ = world.endpoint(grants, receivers.url("/gone"))
    receivers.behaviours["/gone"] = first(1, answer(410), OK)
    world.happen(grants, "r1", (1, 2, 3))
    world.deliver()
    assert [(d.state, d.reason) for d in world.deliveries()] == [("parked", "endpoint-gone")] * 3
    assert world.happen(grants, "r1", (4,)) == 0, "it is no endpoint any more"
    assert audited(world, "delivery.parked") == [("denied", "endpoint-gone")]
    with world.database.write() as session:
        enable_endpoint(session, grants, endpoint.id, now=world.clock())
        session.commit()
    world.deliver()
    assert [r.key[1] for r in receivers.received] == [1, 1, 2, 3]


def test_what_may_no_longer_be_told_is_cancelled_and_audited(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", range(1, 21))
    world.happen(grants, "r2", (1,))
    world.forbidden["r1", str(grants.organization_id)] = "consent-revoked"
    world.deliver()
    assert [r.key for r in receivers.received] == [("r2", 1)]
    cancelled = [d for d in world.deliveries() if d.referral_id == "r1"]
    assert {(d.state, d.reason, d.attempts) for d in cancelled} == {("cancelled", "consent-revoked", 0)}
    assert audited(world, "delivery.cancelled") == [("denied", "consent-revoked")] * 20


def test_permission_is_asked_for_again_before_each_attempt(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    receivers.behaviours["/hook"] = answer(500)
    world.happen(grants, "r1", (1,))
    world.deliver()
    world.forbidden["r1", str(grants.organization_id)] = "consent-revoked"
    world.clock.forward(minutes=1)
    world.deliver()
    assert len(receivers.received) == 1
    assert [d.state for d in world.deliveries()] == ["cancelled"]


def test_an_endpoint_that_is_removed_takes_what_is_queued_with_it(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    endpoint, _ = world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1, 2))
    with world.database.write() as session:
        remove_endpoint(session, grants, endpoint.id, now=world.clock())
        session.commit()
    world.deliver()
    assert not receivers.received
    assert [(d.state, d.reason) for d in world.deliveries()] == [("cancelled", "endpoint-removed")] * 2
    assert audited(world, "delivery.cancelled") == [("denied", "endpoint-removed")]


def test_when_permission_cannot_be_asked_for_nothing_is_told(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1,))

    def broken(*_: object) -> str | None:
        raise ValueError("no idea")

    postman = Postman(world.database, world.keyring, world.settings, broken, clock=world.clock)
    postman.deliver_all()
    postman.close()
    assert not receivers.received
    assert [(d.state, d.reason) for d in world.deliveries()] == [("pending", "unwritable-ValueError")]


def deliver_by(world: World, egress: Egress) -> None:
    postman = Postman(world.database, world.keyring, world.settings, world.permitted, egress=egress, clock=world.clock)
    postman.deliver_all()
    postman.close()


def audited(world: World, what: str) -> list[tuple[str, str | None]]:
    with world.database.read() as session:
        return [(row.outcome, row.reason) for row in session.scalars(select(Audit).where(Audit.what == what))]


@contextmanager
def expired_tls() -> Iterator[tuple[int, str, list[bytes]]]:
    """Serve TLS with a certificate that ran out yesterday; yields the port, who signed it, and what came in."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    asked: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with write_pem(pem, key) as path:
        context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    wire, _ = server.accept()
                    with wire, suppress(OSError):
                        asked.append(context.wrap_socket(wire, server_side=True).recv(100))
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], pem, asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


@contextmanager
def write_pem(pem: str, key: ec.EllipticCurvePrivateKey) -> Iterator[str]:
    from tempfile import NamedTemporaryFile

    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with NamedTemporaryFile(suffix=".pem") as file:
        file.write(secret + pem.encode())
        file.flush()
        yield file.name
