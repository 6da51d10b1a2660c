"""One port of this machine that leads to another: what it hands on, and what it does not, each kind of link decides."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class Link:
    """A TCP proxy; each connection is carried in a thread of its own."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.server.getsockname()[1]

    def carry(self, near: socket.socket) -> None:
        """Carry one connection to its end."""
        raise NotImplementedError

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Let connections in for a while."""
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()
            thread.join()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(near,), daemon=True).start()
