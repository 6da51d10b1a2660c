"""Machines outside, for tests: real sockets on this machine that count who called, and answer as they are told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script = Callable[[socket.socket, bytes], None]


@dataclass
class Machine:
    """A machine that listens: how often it was called, and with which requests."""

    host: str
    port: int
    calls: int = 0
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def listening(
    script: Script | None = None, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[Machine]:
    """Listen, and run a script with each connection once its request is read; without one, only count."""
    server = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    machine = Machine(host, server.getsockname()[1])
    closing = threading.Event()

    def serve(wire: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError), wire:
            if script is not None:
                spoken = tls.wrap_socket(wire, server_side=True) if tls else wire
                with spoken:
                    request = _read_request(spoken)
                    machine.requests.append(request)
                    script(spoken, request)

    def accept() -> None:
        while not closing.is_set():
            with suppress(OSError):
                wire, _ = server.accept()
                machine.calls += 1
                threading.Thread(target=serve, args=(wire,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield machine
    finally:
        closing.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def _read_request(wire: socket.socket) -> bytes:
    wire.settimeout(10)
    read = b""
    while b"\r\n\r\n" not in read:
        got = wire.recv(65_536)
        if not got:
            return read
        read += got
    return read


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> Script:
    """A script that answers once, and hangs up."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]

    def run(wire: socket.socket, _request: bytes) -> None:
        wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return run


def raw(*pieces: bytes, pause_s: float = 0.0, forever: bool = False) -> Script:
    """A script that sends pieces as they are, with a pause before each; `forever`, the last one again and again."""

    def run(wire: socket.socket, _request: bytes) -> None:
        for piece in pieces:
            time.sleep(pause_s)
            wire.sendall(piece)
        while forever:
            time.sleep(pause_s)
            wire.sendall(pieces[-1])

    return run


def hang(wire: socket.socket, _request: bytes) -> None:
    """A script that never answers."""
    time.sleep(30)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.load_verify_locations(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())
        return context

    def serving(self, name: str, *, days: int = 1) -> ssl.SSLContext:
        """A server's context with a certificate for a name; with negative `days`, one that is over."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(name, key.public_key(), self.certificate.subject, self.key, days=days, authority=False)
        path = self.folder / f"{name}{days}.pem"
        path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def make_authority(folder: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of our own")])
    return Authority(folder, key, _certificate("authority", key.public_key(), name, key, days=1, authority=True))


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    days: int,
    authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    subject = issuer if authority else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(signer, hashes.SHA256())
