"""A TCP link to a server that can be troubled: cut, silent, slow, or answering 503 to everything."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Trouble = Literal["none", "refused", "silent", "slow", "503"]
SLOW_S = 5.0
_BUSY = b'{"error":{"type":"unavailable"},"status":503}'
_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nX-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BUSY), _BUSY)
)


class TroubledLink:
    """One port of this machine that leads to a server, by way of whatever trouble is set."""

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.trouble: Trouble = "none"
        self.asked = 0
        self.server = self._listen(0)
        self.port: int = self.server.getsockname()[1]
        self.open: set[socket.socket] = set()
        self.stopped = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set(self, trouble: Trouble) -> None:
        """Trouble the link from here on; whoever is connected is cut off."""
        was, self.trouble = self.trouble, trouble
        if trouble == "refused":
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()
        elif was == "refused":
            self.server = self._listen(self.port)
            threading.Thread(target=self.serve, daemon=True).start()
        for each in list(self.open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        server = self.server
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            self.open.add(near)
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def close(self) -> None:
        self.stopped = True
        for each in [self.server, *self.open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            if self.trouble == "503":
                while near.recv(1 << 20):
                    self.asked += 1
                    near.sendall(_UNAVAILABLE)
                return
            if self.trouble == "silent":
                while near.recv(1 << 20):
                    self.asked += 1
                return
            with socket.create_connection(("127.0.0.1", self.to_port)) as far:
                back = threading.Thread(target=self._pump, args=(far, near, 0.0), daemon=True)
                back.start()
                self._pump(near, far, SLOW_S if self.trouble == "slow" else 0.0)
                back.join()
        self.open.discard(near)

    def _pump(self, source: socket.socket, sink: socket.socket, wait_s: float) -> None:
        with suppress(OSError):
            while more := source.recv(1 << 20):
                if source in self.open:
                    self.asked += 1
                time.sleep(wait_s)
                sink.sendall(more)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    @staticmethod
    def _listen(port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=64)


@contextmanager
def troubled_link(to_port: int) -> Iterator[TroubledLink]:
    link = TroubledLink(to_port)
    threading.Thread(target=link.serve, daemon=True).start()
    try:
        yield link
    finally:
        link.close()
