"""WHAT IS ASKED AT EVERY WRITE: statements of SQLAlchemy's, compiled once and then handed to the driver as they stand.

Writers go one after another, and to key, build and run a statement through SQLAlchemy takes several times as long as
the database does (measured: 25 µs against 1 µs to select a row).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Insert, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

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
        connection = session.connection()
        dialect, names = connection.dialect, (connection.dialect.name, *rows[0])
        compiled = self._compiled.get(names)
        if compiled is None:
            compiled = self._compiled[names] = _compile(self._statement, dialect, rows[0])
        parameters = [compiled.bind(row) for row in rows]
        raw: Any = connection.connection.dbapi_connection
        cursor = raw.cursor()
        try:
            if len(parameters) == 1:
                cursor.execute(compiled.sql, parameters[0])
            else:
                cursor.executemany(compiled.sql, parameters)
            return compiled.read(cursor.fetchall()) if compiled.results else []
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, raw, cursor):
                connection.invalidate(error)
            # Without the parameters: they are somebody's.
            raise DBAPIError.instance(compiled.sql, None, error, dialect.loaded_dbapi.Error) from error
        finally:
            cursor.close()


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one database's words, and how to say and to read its values; `fixed` are its own."""

    sql: str
    binds: tuple[tuple[str, _Process], ...]
    fixed: dict[str, Any]
    positional: bool
    results: tuple[_Process, ...]

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
    if isinstance(statement, Insert):
        compiled: Any = statement.inline().compile(dialect=dialect, column_keys=list(row))  # it asks for no id back
        chosen: Any = ()
    else:
        compiled, chosen = statement.compile(dialect=dialect), statement.selected_columns
    names = compiled.positiontup if compiled.positional else list(compiled.params)
    return _Compiled(
        compiled.string,
        tuple((name, _impl(compiled.binds[name].type, dialect).bind_processor(dialect)) for name in names),
        {name: value for name, value in compiled.params.items() if name not in row},
        bool(compiled.positional),
        tuple(_impl(column.type, dialect).result_processor(dialect, None) for column in chosen),
    )


def _impl(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type.dialect_impl(dialect)
