"""HOW MANY IDS ARE ASKED FOR AT ONCE: as one parameter, in either database's words."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import Dialect, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator


class among(FunctionElement[Any]):
    """Tell whether a column is one of some ids or numbers, however many: as one parameter.

    `in_()` makes a parameter of each, and a new statement of each count of them: a load spent a third of its time so.
    """

    # Not Boolean: of one, SQLite would be asked whether it equals 1, and then looks through the whole table.
    type = NullType()
    name = "among"
    inherit_cache = True

    def __init__(self, column: Any, ids: Collection[Any]) -> None:
        super().__init__(column, bindparam(None, list(ids), type_=_Ids()))


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - our own names


@compiles(among, "postgresql")
def _among_on_postgres(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY({ids})"


class _Ids(TypeDecorator[list[Any]]):
    """A list as either driver takes it."""

    impl = NullType
    cache_ok = True

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """Write it as JSON for SQLite, which knows no lists."""
        return orjson.dumps(value).decode() if dialect.name == "sqlite" else value
