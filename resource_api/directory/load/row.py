"""WHAT A READER HANDS ON: one row of an HSDS table as it stood in the input, with its place there."""

from dataclasses import dataclass, field
from typing import Any

from resource_api.directory.load.report import RowProblem

Fields = dict[str, Any]


@dataclass(slots=True)
class InputRow:
    """One row as read: `fields` by HSDS column name, links still holding the publisher's ids.

    `in_passing` rows are copies met inside another object; they say nothing about the fields they lack.
    """

    noun: str
    original_id: str
    fields: Fields
    file: str
    line: int
    in_passing: bool = False


@dataclass(slots=True)
class Draft:
    """One row on its way into the database: links hold our ids, values are mended and checked in place.

    `assumed` names fields that were filled in because nothing was said; `private` is for the mends alone; `kept` are
    values of the database that stand against what was loaded.
    """

    noun: str
    id: str
    original_id: str | None
    fields: Fields
    file: str
    line: int
    order: int
    in_passing: bool = False
    position: int = 0
    source_id: int | None = None
    private: Fields = field(default_factory=dict)
    assumed: set[str] = field(default_factory=set)
    kept: Fields = field(default_factory=dict)

    def problem(self, column: str, reason: str, hint: str, *, refused: bool = False) -> RowProblem:
        """Make a problem of this row."""
        return RowProblem(self.file, self.line, column, reason, hint, refused)
