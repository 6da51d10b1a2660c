"""Our command, run so that it can be broken: `python -m tests.town.breakable serve|worker …`

It kills itself, with SIGKILL, at the point that the file BREAK_AT names; whoever takes the file away does so, so one
process dies of it, once. And leases are short enough to be waited for. Else the code that runs is what is released.
"""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import resource_api.delivery.claim
import resource_api.delivery.send
import resource_api.postman
import resource_api.worker
from resource_api import sqlite
from resource_api.cli import main

# Of a request that writes a referral: at each of its statements, and around its commit. Of a worker: between its steps.
WRITES = (
    "referral", "referral_event", "referral_party", "referral_consent", "referral_key", "replay", "delivery", "audit",
)  # fmt: skip
SERVER_POINTS = (*(f"before {table}" for table in WRITES), "before commit", "after commit")
WORKER_POINTS = ("after claim", "before send", "after send", "after settle", "after seal")
LEASE = timedelta(seconds=1)
SERVES = "serve" in sys.argv


def break_at(point: str) -> None:
    """Die here if it is said so."""
    file = Path(os.environ["BREAK_AT"])
    try:
        if file.read_text("utf-8") != point:
            return
        file.unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def breaking_commit(commit: Callable[[Any], None]) -> Callable[[Any], None]:
    def broken(connection: Any) -> None:
        writes, connection.writes = connection.writes, False
        if writes:
            break_at("before commit")
        commit(connection)
        if writes:
            break_at("after commit")

    return broken


class BreakableCursor(sqlite3.Cursor):
    """A cursor whose statements can be broken before, whichever way they come here."""

    def execute(self, sql: str, values: Any = (), /) -> "BreakableCursor":
        self.connection.before(sql)  # type: ignore[attr-defined]
        super().execute(sql, values)
        return self

    def executemany(self, sql: str, values: Any, /) -> "BreakableCursor":
        self.connection.before(sql)  # type: ignore[attr-defined]
        super().executemany(sql, values)
        return self


class BreakableConnection(sqlite._Connection):
    """A connection whose commit of an event can be broken before and after."""

    writes = False

    def before(self, sql: str) -> None:
        # The worker writes some of these tables too, and is broken between its steps.
        if SERVES and sql.startswith("INSERT INTO "):
            table = sql.split()[2].strip('"')
            break_at(f"before {table}")
            self.writes = self.writes or table == "referral_event"

    def cursor(self, *_: Any, **__: Any) -> BreakableCursor:  # type: ignore[override]
        return super().cursor(BreakableCursor)

    commit = breaking_commit(sqlite._Connection.commit)


def break_psycopg() -> None:
    """Make PostgreSQL's connections breakable at the same points."""
    import psycopg

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            self.connection.before(query)  # type: ignore[attr-defined]
            return super().execute(query, *args, **kwargs)

        def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
            self.connection.before(query)  # type: ignore[attr-defined]
            super().executemany(query, *args, **kwargs)

    class Connection(psycopg.Connection[Any]):
        writes = False
        before = BreakableConnection.before

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.cursor_factory = Cursor

        commit = breaking_commit(psycopg.Connection.commit)

    psycopg.connect = psycopg.Connection.connect = Connection.connect  # type: ignore[assignment, method-assign]


def breaking(of: Any, name: str, *, before: str | None = None, after: str | None = None) -> None:
    """Make a function of a module breakable; after one that returns nothing, nothing breaks."""
    function: Callable[..., Any] = getattr(of, name)

    def broken(*args: Any, **kwargs: Any) -> Any:
        if before is not None:
            break_at(before)
        done = function(*args, **kwargs)
        if after is not None and done and (not isinstance(done, tuple) or done[0]):
            break_at(after)
        return done

    setattr(of, name, broken)


if __name__ == "__main__":
    break_psycopg()
    sqlite._Connection = BreakableConnection  # type: ignore[misc]
    breaking(resource_api.postman, "claim_due", after="after claim")
    breaking(resource_api.postman, "send", before="before send", after="after send")
    breaking(resource_api.postman, "settle", after="after settle")
    breaking(resource_api.worker, "seal", after="after seal")
    resource_api.delivery.claim.CALL_LEASE = LEASE
    resource_api.delivery.send.DEADLINE_S = 0.8
    main()
