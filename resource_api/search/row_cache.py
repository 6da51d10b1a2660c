"""WHAT IS AT HAND: rows of the embedded index that this process has judged before, until the index changes.

Finding which services match takes SQLite a millisecond; reading their rows into Python takes several, each time anew.
So rows are kept, as many as are worth their memory, and dropped together as soon as the index's version differs.
The version is drawn anew at each change, within its transaction: one that was rolled back never comes again.
"""

import sqlite3

from resource_api.search.row import COLUMNS, Row

# About 75 MiB in each process at most.
MOST_ROWS = 50_000
MOST_AT_ONCE = 2_000

_READ = f"SELECT id, {', '.join(COLUMNS)} FROM search_row WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
_DRAW = (
    "INSERT INTO search_state(id, version) VALUES (1, random()) "
    "ON CONFLICT(id) DO UPDATE SET version = excluded.version"
)


def mark_changed(connection: sqlite3.Connection) -> None:
    """Draw a new version: whatever any process has kept is of another one."""
    connection.execute(_DRAW)


class RowCache:
    """Keeps rows by their number, for one version of the index at a time."""

    def __init__(self) -> None:
        self._kept: tuple[int | None, dict[int, Row]] = (None, {})

    def read(self, connection: sqlite3.Connection, match: str | None) -> list[Row]:
        """Read the rows that a MATCH expression finds, or every row."""
        rows = self._rows_now(connection)
        numbers = _find_numbers(connection, match)
        missing = [number for number in numbers if number not in rows]
        if len(missing) > MOST_AT_ONCE:
            # A question about the whole country: its rows would only drive out those of somebody's neighbourhood.
            return connection.execute(*_read_through(match)).fetchall()
        if missing:
            if len(rows) + len(missing) > MOST_ROWS:
                rows = self._start_anew(rows, numbers)
            wanted = ",".join(map(str, missing))
            for number, *row in connection.execute(_READ, (f"[{wanted}]",)):
                rows[number] = row
        return [rows[number] for number in numbers]

    def _rows_now(self, connection: sqlite3.Connection) -> dict[int, Row]:
        found = connection.execute("SELECT version FROM search_state").fetchone()
        version = None if found is None else found[0]
        kept = self._kept
        if kept[0] != version:
            kept = self._kept = (version, {})
        return kept[1]

    def _start_anew(self, rows: dict[int, Row], numbers: list[int]) -> dict[int, Row]:
        anew = {number: rows[number] for number in numbers if number in rows}
        version, current = self._kept
        if current is rows:
            self._kept = (version, anew)
        return anew


def _find_numbers(connection: sqlite3.Connection, match: str | None) -> list[int]:
    # One row of text: the driver hands over the interpreter once, not for each of a thousand numbers.
    if match is None:
        found = connection.execute("SELECT group_concat(id) FROM search_row").fetchone()[0]
    else:
        sql = "SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH ?"
        found = connection.execute(sql, (match,)).fetchone()[0]
    return [int(number) for number in found.split(",")] if found else []


def _read_through(match: str | None) -> tuple[str, tuple[str, ...]]:
    columns = ", ".join(f"r.{name}" for name in COLUMNS)
    if match is None:
        return f"SELECT {columns} FROM search_row r", ()  # noqa: S608 - our own column names
    source = "search_fts f CROSS JOIN search_row r ON r.id = f.rowid"
    return f"SELECT {columns} FROM {source} WHERE search_fts MATCH ?", (match,)  # noqa: S608
