"""WHAT IS ASKED AT EVERY WRITE: statements of SQLAlchemy's, compiled once and then handed to the driver as they stand.

Writers go one after another, and to key, build and run a statement through SQLAlchemy takes several times as long as
the database does (measured: 25 µs against 1 µs to select a row).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Table, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from resource_api.database import connection_of, say_error

_Process = Callable[[Any], Any] | None


class Prepared:
    """A statement that is always the same but for its parameters, none of which is a list.

    An insert is of the columns that its rows name, and of no default but NULL.
    """

    def __init__(self, statement: Insert | Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def run(self, session: Session, *rows: Mapping[str, Any]) -> list[Any]:
        """Run it in the session's transaction, once for each row of parameters; get what one of them selects.

        Raises what SQLAlchemy would. All rows name the same.
        """
        connection = connection_of(session)
        compiled = self._compile(connection, rows[0])
        raw: Any = connection.connection.dbapi_connection
        cursor = raw.cursor()
        try:
            if len(rows) == 1:
                cursor.execute(compiled.sql, compiled.bind(rows[0]))
            else:
                cursor.executemany(compiled.sql, [compiled.bind(row) for row in rows])
            return compiled.read(cursor.fetchall()) if compiled.results else []
        except connection.dialect.loaded_dbapi.Error as error:
            raise say_error(connection, compiled.sql, cursor, error) from error
        finally:
            cursor.close()

    def pour(self, session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an insert once for each of many rows: by COPY where there is one, which takes a third of the time."""
        connection = connection_of(session)
        compiled = self._compile(connection, rows[0])
        if compiled.positional:
            self.run(session, *rows)
            return
        raw: Any = connection.connection.dbapi_connection
        cursor = raw.cursor()
        try:
            with cursor.copy(compiled.copying) as copy:
                for row in rows:
                    copy.write_row(compiled.bind(row).values())
        except connection.dialect.loaded_dbapi.Error as error:
            raise say_error(connection, compiled.copying, cursor, error) from error
        finally:
            cursor.close()

    def _compile(self, connection: Connection, row: Mapping[str, Any]) -> "_Compiled":
        names = (connection.dialect.name, *row)
        compiled = self._compiled.get(names)
        if compiled is None:
            compiled = self._compiled[names] = _compile(self._statement, connection.dialect, row)
        return compiled


_bulk: dict[Table, Prepared] = {}


def write_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows that name the same columns; raises what SQLAlchemy would."""
    if rows:
        _bulk.setdefault(table, Prepared(insert(table))).pour(session, rows)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one database's words, and how to say and to read its values; `fixed` are its own."""

    sql: str
    binds: tuple[tuple[str, _Process], ...]
    fixed: dict[str, Any]
    positional: bool
    results: tuple[_Process, ...]
    copying: str

    def bind(self, row: Mapping[str, Any]) -> Any:
        known = {**self.fixed, **row} if self.fixed else row
        if self.positional:
            return [known[name] if process is None else process(known[name]) for name, process in self.binds]
        return {name: known[name] if process is None else process(known[name]) for name, process in self.binds}

    def read(self, rows: list[Any]) -> list[Any]:
        if not any(self.results):
            return rows
        return [
            tuple(
                value if process is None else process(value) for value, process in zip(row, self.results, strict=True)
            )
            for row in rows
        ]


def _compile(statement: Insert | Select[*tuple[Any, ...]], dialect: Dialect, row: Mapping[str, Any]) -> _Compiled:
    copying = ""
    if isinstance(statement, Insert):
        compiled: Any = statement.inline().compile(dialect=dialect, column_keys=list(row))  # it asks for no id back
        chosen: Any = ()
        said = dialect.identifier_preparer
        columns = ", ".join(said.quote(name) for name in compiled.binds)
        copying = f"COPY {said.format_table(statement.table)} ({columns}) FROM STDIN"
    else:
        compiled, chosen = statement.compile(dialect=dialect), statement.selected_columns
    names = compiled.positiontup if compiled.positional else list(compiled.params)
    return _Compiled(
        compiled.string,
        tuple((name, _impl(compiled.binds[name].type, dialect).bind_processor(dialect)) for name in names),
        {name: value for name, value in compiled.params.items() if name not in row},
        bool(compiled.positional),
        tuple(_impl(column.type, dialect).result_processor(dialect, None) for column in chosen),
        copying,
    )


def _impl(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type.dialect_impl(dialect)
