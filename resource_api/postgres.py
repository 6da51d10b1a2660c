"""HOW POSTGRESQL IS SPOKEN TO: a bounded pool, how long anything may take, and what its refusals mean.

A pool is filled as it is needed, and is left behind by a fork: no two processes speak on one connection. Whatever died
while nobody looked (a restart, a fail-over) is found out when a connection is taken, and another is opened.
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import os
from typing import Literal
from weakref import WeakSet

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import DBAPIError, TimeoutError

# Of one process; PostgreSQL has 100 for all, if it was told no other number.
MOST_CONNECTIONS = 10
WAIT_FOR_CONNECTION_S = 5.0
CONNECT_WITHIN_S = 5

# Somebody waits for an answer: what takes longer than this is given up by the server itself. A reader that streams to
# a slow client is idle between its batches.
PROMPT = {"statement_timeout": "15s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "60s"}
# What is loaded, migrated or verified takes its time, but waits for nobody for ever.
PATIENT = {"statement_timeout": "30min", "lock_timeout": "60s", "idle_in_transaction_session_timeout": "10min"}

# A peer that is gone without a word is noticed in about ten seconds.
_LIVENESS = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}

Fault = Literal["busy", "away"]
# A lock or a statement that took too long, a deadlock, a clash of transactions: all of it was undone.
_BUSY = ("55P03", "57014", "40P01", "40001")
# It stops, starts, is a standby, has no room left or is damaged; its tables are missing or of another release.
_AWAY = ("08", "25006", "25P03", "42P01", "42703", "53", "57P", "58", "F0", "XX")

_engines: WeakSet[Engine] = WeakSet()


def is_postgres(url: URL) -> bool:
    """Tell whether a URL names a PostgreSQL database, by either of the names that are in use."""
    return url.get_backend_name() in ("postgresql", "postgres")


def open_postgres(url: URL, *, bulk: bool) -> Engine:
    """Make an engine; it connects when it is first asked. What the URL itself says of a connection goes before ours."""
    told = {"TimeZone": "UTC", **(PATIENT if bulk else PROMPT)}
    options = " ".join([*(f"-c {name}={value}" for name, value in told.items()), str(url.query.get("options", ""))])
    ours = {
        "application_name": "resource-api",
        "connect_timeout": CONNECT_WITHIN_S,
        "client_encoding": "utf8",
        **_LIVENESS,
    }
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={name: value for name, value in ours.items() if name not in url.query}
        | {"options": options.strip()},
        pool_size=MOST_CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT_FOR_CONNECTION_S,
        pool_pre_ping=True,
        pool_use_lifo=True,
        use_native_hstore=False,
    )
    _engines.add(engine)
    return engine


def find_fault(error: BaseException) -> Fault | None:
    """Tell what an error says of the server: it is busy and undid all of it, or it is away; None: neither."""
    if isinstance(error, TimeoutError):  # no connection came free in time
        return "busy"
    code = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    if not isinstance(code, str):
        return None
    if code.startswith(_BUSY):
        return "busy"
    return "away" if code.startswith(_AWAY) else None


def _leave_behind() -> None:
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_behind)
