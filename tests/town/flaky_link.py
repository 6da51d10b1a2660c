"""A link that loses what it should bring back: a TCP proxy that hands requests on, and drops some of the answers.

Each connection is for one request. A request always arrives and is acted on, which is the worst that can happen: who
asked does not know it. A lost answer ends in a reset, in half an answer, or in nothing more at all.
"""

import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WAYS = ("reset", "half", "silence")
SILENCE_S = 0.05


class FlakyLink:
    """One port of this machine that leads to another, and loses a share of the answers."""

    def __init__(self, to_port: int, *, loses: float, seed: int = 7) -> None:
        self.to_port, self.loses = to_port, loses
        self.chance = random.Random(seed)
        self.lost: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.server.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self.to_port), timeout=30) as far, suppress(OSError):
            near.settimeout(30)
            request = read_message(near)
            if not request:
                return
            far.sendall(request)
            answer = read_message(far)
            with self.lock:
                lost = self.chance.random() < self.loses
                way = self.chance.choice(WAYS) if lost else None
                self.lost[way or "none"] += 1
            if way == "reset":
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif way == "half":
                near.sendall(answer[: len(answer) // 2])
            elif way == "silence":
                threading.Event().wait(SILENCE_S)
            else:
                near.sendall(answer)


def read_message(wire: socket.socket) -> bytes:
    """Read one HTTP message that says how long it is."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = wire.recv(65_536)
        if not more:
            return read
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = (int(lengths[0]) if lengths else 0) - len(body)
    while missing > 0:
        more = wire.recv(65_536)
        if not more:
            return read
        read, missing = read + more, missing - len(more)
    return read


@contextmanager
def flaky_link(to_port: int, *, loses: float) -> Iterator[FlakyLink]:
    link = FlakyLink(to_port, loses=loses)
    thread = threading.Thread(target=link.serve, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        link.server.shutdown(socket.SHUT_RDWR)
        link.server.close()
        thread.join()
