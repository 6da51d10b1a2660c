"""A link to a database that is cut at a commit: a TCP proxy that hands on all that is said, until it is told to cut."""

import socket
import threading
from contextlib import suppress
from typing import Literal

from tests.link import Link

Cut = Literal["before", "after"]


class CutLink(Link):
    """One port of this machine that leads to another.

    `cut` set, it ends at the next commit: "before" that arrives, or "after" it was done and before anybody hears of it.
    """

    def __init__(self, to_port: int) -> None:
        super().__init__(to_port)
        self.cut: Cut | None = None
        self.cuts = 0

    def carry(self, near: socket.socket) -> None:
        with near:
            try:
                far = socket.create_connection(("127.0.0.1", self.to_port), timeout=5)
            except OSError:
                return
            with far:
                far.settimeout(None)
                silent = threading.Event()
                back = threading.Thread(target=self._carry_back, args=(far, near, silent), daemon=True)
                back.start()
                with suppress(OSError):
                    while said := near.recv(1 << 16):
                        if self.cut is not None and b"COMMIT\x00" in said:
                            way, self.cut = self.cut, None
                            self.cuts += 1
                            if way == "after":
                                silent.set()
                                far.sendall(said)
                                back.join(5)
                            break
                        far.sendall(said)
                for end in (near, far):
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join(5)

    def _carry_back(self, far: socket.socket, near: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while said := far.recv(1 << 16):
                if silent.is_set():  # the commit was done
                    return
                near.sendall(said)
        with suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)
