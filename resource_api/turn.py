"""WHOSE TURN IT IS TO WRITE to an SQLite file: first come, first served.

SQLite itself lets waiting writers in by chance: each sleeps and looks again. Measured with 32 threads: the slowest
hundredth waited 0.6 s and the unluckiest 5 s; in turns, 35 ms and 45 ms. Two processes of 16: 0.5 s, now 27 ms.

Threads of one process queue here. The first of them then stands at a door that all processes share, and behind which
only one waits for the turn itself: so processes alternate. Both are locks on files, which a killed process loses.

A wait at the door has no bound of its own. Therefore what writes in bulk leaves it open once SQLite has let it in:
whoever comes then waits for SQLite, which knows a bound.
"""

import fcntl
import os
import threading
import weakref
from collections import deque
from pathlib import Path
from typing import ClassVar

from resource_api.errors import Busy

MOST_WAITING = 64


class WriterTurn:
    """The turn to write to one file; `path` None where no other process can open it."""

    _known: ClassVar["weakref.WeakValueDictionary[Path, WriterTurn]"] = weakref.WeakValueDictionary()
    _knowing = threading.Lock()

    def __init__(self, path: Path | None = None) -> None:
        self._door = _Door(path) if path is not None else None
        self._lock = threading.Lock()
        self._waiting: deque[tuple[int, threading.Lock]] = deque()
        self._whose: int | None = None
        self._behind_door = False

    @classmethod
    def of(cls, path: Path | None) -> "WriterTurn":
        """Get the turn of a file: the same one for everybody in this process."""
        if path is None:
            return cls()
        with cls._knowing:
            path = path.resolve()
            return cls._known.get(path) or cls._known.setdefault(path, cls(path))

    def take(self, wait_s: float) -> None:
        """Wait for the turn, and take it.

        Raises Busy where too many wait already or it does not come in time, and RuntimeError where this thread has it.
        """
        me = threading.get_ident()
        called = threading.Lock()
        with self._lock:
            if self._whose == me:
                raise RuntimeError("this thread is writing already: a second writing session would wait for the first")
            if len(self._waiting) >= MOST_WAITING:
                raise Busy("Too many writers are waiting already")
            if self._whose is None:
                self._whose = me
            else:
                called.acquire()
                self._waiting.append((me, called))
        try:
            if not called.acquire(timeout=wait_s) and self._withdraw(me, called):
                raise Busy(f"The turn to write did not come within {wait_s:g} s")
        except BaseException as error:
            if not isinstance(error, Busy) and not self._withdraw(me, called):
                self.give()
            raise
        try:
            self._behind_door = self._door is not None and self._door.enter()
        except BaseException:
            self.give()
            raise

    def open_door(self) -> None:
        """Let other processes in while this one keeps its turn among its own threads."""
        if self._behind_door and self._door is not None:
            self._behind_door = False
            self._door.leave()

    def give(self) -> None:
        """Give the turn to whoever has waited longest."""
        self.open_door()
        with self._lock:
            self._whose, called = self._waiting.popleft() if self._waiting else (None, None)
            if called is not None:
                called.release()

    def _withdraw(self, me: int, called: threading.Lock) -> bool:
        """Wait no longer; False where the turn has come in this very moment."""
        with self._lock:
            waits = (me, called) in self._waiting
            if waits:
                self._waiting.remove((me, called))
            return waits


class _Door:
    """Two locked files beside a database; opened when first needed, and again after a fork."""

    def __init__(self, path: Path) -> None:
        self._paths = [path.with_name(f"{path.name}-{name}") for name in ("door", "turn")]
        self._files: list[int] = []
        self._process = 0
        weakref.finalize(self, _close, self._files)

    def enter(self) -> bool:
        """Wait until no other process writes or came first; False where there can be no door, and none is needed."""
        if self._process != os.getpid():
            _close(self._files)
            self._process = os.getpid()
        try:
            while len(self._files) < len(self._paths):
                self._files.append(os.open(self._paths[len(self._files)], os.O_RDWR | os.O_CREAT, 0o600))
        except OSError:  # a folder that cannot be written to: SQLite says what that means
            return False
        door, turn = self._files
        fcntl.flock(door, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(door, fcntl.LOCK_UN)
        return True

    def leave(self) -> None:
        """Let the next process in."""
        fcntl.flock(self._files[1], fcntl.LOCK_UN)


def _close(files: list[int]) -> None:
    while files:
        os.close(files.pop())
