"""WHO TAKES A CONNECTION, AND WHO WAITS FOR ITS END: gunicorn's worker with threads, mended in two places.

All workers are woken for a new connection, and the one that is running already is the first to take it: of eight that
come together one worker takes all, half the time, while another has nothing to do (measured on two processors: less
than half as many answers a second).

And a connection that is done with is closed by the worker's only loop, which then waits up to two seconds for the
client to close it too: a few phones on a bad network would stop everybody.
"""

import socket
import time
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

# For each request that it is busy with; it takes a worker a tenth of a millisecond to wake up.
HEAD_START_S = 0.0002
# How often a worker without a free thread takes a connection all the same: its own clients may stay, and ask for ever.
LOOK_S = 0.01
# How long the end of an answer is waited to arrive, before what is left of it may be lost.
LINGER_S = 2.0


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker that lets its siblings go first while it is busy, and waits for no client before it goes on."""

    looks_at = 0.0

    def accept(self, listener: Any) -> None:
        """Take a connection, or none where a sibling has taken it: the busier this one is, the later it tries.

        What it has no thread for it leaves to a sibling that has, or to whoever has one first.
        """
        busy = self._count_busy()
        if busy >= self.cfg.threads:
            super().set_accept_enabled(False)
            self.looks_at = time.monotonic() + LOOK_S
            return
        if busy > 0:
            time.sleep(HEAD_START_S * busy)
        super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Listen for connections or not; asked in each round of the loop, which the end of a request begins.

        Who has no thread left does not listen, and looks now and then whether somebody is still waiting: a sibling
        that has one would have taken them.
        """
        full = self._count_busy() >= self.cfg.threads
        super().set_accept_enabled(enabled and not full)
        if enabled and full and time.monotonic() >= self.looks_at:
            self.looks_at = time.monotonic() + LOOK_S
            for listener in self.sockets:
                super().accept(listener)

    def _count_busy(self) -> int:
        """Count the connections that have a thread, or wait for one."""
        return int(self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns))

    def finish_request(self, conn: TConn, done: "Future[Any]") -> None:
        """Go on with a connection whose request is answered; one that is to be closed is left to the poller."""
        if done.cancelled() or done.exception() is not None or done.result():
            super().finish_request(conn, done)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            conn.timeout = time.monotonic() + LINGER_S
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
            self.pending_conns.append(conn)  # which are closed when their time is over
        except OSError:  # the client has gone
            self.nr_conns -= 1
            conn.close()

    def _drain(self, conn: TConn, client: socket.socket) -> None:
        """Read what a client still sends, until it closes. https://www.rfc-editor.org/rfc/rfc9112#section-9.6"""
        try:
            if client.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # the client has gone
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.close()
