"""THE LEAST THAT A DURABLE WRITE CAN BE: read a JSON body, insert some rows in one transaction, commit, answer.

`BARE_DATABASE` names the file, `BARE_ROWS` says how many rows a request inserts; WAL, synchronous FULL. No check, no
token, no encryption, no index but the primary key.
"""

import os
import sqlite3
import threading
from typing import Any
from uuid import uuid4

from flask import Flask, request

app = Flask("bare_writes", static_folder=None)
_ROWS = int(os.environ.get("BARE_ROWS", "1"))
_INSERT = "INSERT INTO written (id, number, body) VALUES (?, ?, ?)"
_own = threading.local()


def _connection() -> sqlite3.Connection:
    if not hasattr(_own, "connection"):
        _own.connection = sqlite3.connect(os.environ["BARE_DATABASE"], timeout=30, isolation_level=None)
        _own.connection.execute("PRAGMA journal_mode=wal")
        _own.connection.execute("PRAGMA synchronous=full")
        _own.connection.execute(
            "CREATE TABLE IF NOT EXISTS written (id TEXT, number INTEGER, body TEXT, PRIMARY KEY (id, number))"
        )
    return _own.connection  # type: ignore[no-any-return]


@app.post("/referrals")
def write() -> tuple[dict[str, Any], int]:
    """Write as many rows as a referral is kept in, each with a share of what was sent."""
    body = request.get_json()
    id, share = str(uuid4()), request.get_data(as_text=True)[:150]
    connection = _connection()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany(_INSERT, [(id, number, share) for number in range(_ROWS)])
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return {"id": id, "status": "requested", "priority": body.get("priority")}, 201


@app.get("/livez")
def livez() -> dict[str, str]:
    """Answer that it runs."""
    return {"status": "ok"}
