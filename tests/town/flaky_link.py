"""A link that loses what it should bring back: a TCP proxy that hands requests on, and drops some of the answers.

Each connection is for one request. A request always arrives and is acted on, which is the worst that can happen: who
asked does not know it. A lost answer ends in a reset, in half an answer, or in nothing more at all.
"""

import random
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress

from tests.link import Link

WAYS = ("reset", "half", "silence")
SILENCE_S = 0.05


class FlakyLink(Link):
    """One port of this machine that leads to another, and loses a share of the answers."""

    def __init__(self, to_port: int, *, loses: float, seed: int = 7) -> None:
        super().__init__(to_port)
        self.loses = loses
        self.chance = random.Random(seed)
        self.lost: Counter[str] = Counter()
        self.lock = threading.Lock()

    def carry(self, near: socket.socket) -> None:
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
