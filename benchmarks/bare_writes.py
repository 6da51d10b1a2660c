"""THE LEAST THAT A DURABLE WRITE CAN BE: read a JSON body, insert some rows in one transaction, commit, answer.

`BARE_DATABASE` is its URL, `BARE_ROWS` says how many rows a request inserts; SQLite in WAL, synchronous FULL. No
check, no token, no encryption, and one table with no index but its primary key. With `BARE_TEMPLATE`, a file of rows
that a referral was kept in, the same rows go into the same tables with all their indexes, each time under other ids.
"""

import os
import pickle
import secrets
import sqlite3
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask, request

app = Flask("bare_writes", static_folder=None)
_ROWS = int(os.environ.get("BARE_ROWS", "1"))
_URL = os.environ.get("BARE_DATABASE", "")
_TABLE = "CREATE TABLE IF NOT EXISTS written (id TEXT, number INTEGER, body TEXT, PRIMARY KEY (id, number))"
_INSERT = "INSERT INTO written (id, number, body) VALUES (?, ?, ?)"
_BEGIN = "BEGIN IMMEDIATE" if _URL.startswith("sqlite") else "BEGIN"
_TEMPLATE: list[tuple[str, list[list[Any]]]] = []
if "BARE_TEMPLATE" in os.environ:
    _TEMPLATE.extend(pickle.loads(Path(os.environ["BARE_TEMPLATE"]).read_bytes()))
_own = threading.local()


def _connection() -> Any:
    if not hasattr(_own, "connection"):
        if _URL.startswith("sqlite"):
            _own.connection = sqlite3.connect(_URL.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
            _own.connection.execute("PRAGMA journal_mode=wal")
            _own.connection.execute("PRAGMA synchronous=full")
        else:
            import psycopg

            _own.connection = psycopg.connect(_URL, autocommit=True)
            # As in SQLite, which looks after no key unless it is told to: the rows refer to nobody here.
            _own.connection.execute("SET session_replication_role = replica")
        _own.connection.execute(_TABLE)
    return _own.connection


@app.post("/referrals")
def write() -> tuple[dict[str, Any], int]:
    """Write as many rows as a referral is kept in, each with a share of what was sent."""
    body = request.get_json()
    id, share = str(uuid4()), request.get_data(as_text=True)[:150]
    connection = _connection()
    inserts = _fill(id) if _TEMPLATE else [(_INSERT, [(id, number, share) for number in range(_ROWS)])]
    connection.execute(_BEGIN)
    try:
        for sql, rows in inserts:
            connection.cursor().executemany(_said(sql), rows)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return {"id": id, "status": "requested", "priority": body.get("priority")}, 201


def _said(sql: str) -> str:
    return sql if _URL.startswith("sqlite") else sql.replace("?", "%s")


def _fill(id: str) -> list[tuple[str, Any]]:
    """Fill the template: the referral's id is this one, and every other value that must be its own is drawn anew."""
    drawn = {"id": lambda: id, "uuid": lambda: str(uuid4()), "hex": lambda: secrets.token_hex(32),
             "blind": lambda: secrets.token_bytes(16)}  # fmt: skip
    return [
        (sql, [[drawn[value[1]]() if isinstance(value, tuple) else value for value in row] for row in rows])
        for sql, rows in _TEMPLATE
    ]


@app.get("/livez")
def livez() -> dict[str, str]:
    """Answer that it runs."""
    return {"status": "ok"}
