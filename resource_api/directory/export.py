"""HOW THE DIRECTORY LEAVES: every record in one file, HSDS JSON lines or an HSDS tabular package.

The same content always gives the same bytes, and what is exported can be loaded again. Confidential locations are
left as the public sees them unless an operator asks for more. The file appears when it is whole, or not at all.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.export_json import write_json_lines
from resource_api.directory.export_rows import Scope, count_rows
from resource_api.directory.export_tabular import write_tabular
from resource_api.directory.graph import NOUNS
from resource_api.directory.record import Source
from resource_api.errors import ExportError

ExportFormat = Literal["hsds-json", "tabular"]
SUFFIXES: dict[str, ExportFormat] = {".ndjson": "hsds-json", ".jsonl": "hsds-json", ".zip": "tabular"}


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be exported, where to; `source` is the name of the only source whose records are wanted."""

    path: Path
    format: ExportFormat
    source: str | None = None
    include_confidential: bool = False


def read_format(path: Path, named: str | None = None) -> ExportFormat:
    """Read the format from its name, else from the file's ending.

    Raises ExportError where neither says it.
    """
    found = next((known for known in SUFFIXES.values() if known == named), SUFFIXES.get(path.suffix.lower()))
    if found is None:
        raise ExportError(
            f"{path.name} has no ending that says its format",
            hint="end it in .ndjson (HSDS JSON) or .zip (tabular), or give --format",
        )
    return found


def count_exported(session: Session, export: Export) -> int:
    """Count what write_export yields progress in: organizations, or rows of tables."""
    scope = _scope(session, export)
    nouns = ("organization",) if export.format == "hsds-json" else NOUNS
    return sum(count_rows(session, scope, noun) for noun in nouns)


def write_export(session: Session, export: Export) -> Iterator[int]:
    """Write an export, yielding now and then how much of count_exported is done.

    Raises ExportError where there is no such source, or no such folder.
    """
    scope = _scope(session, export)
    if not export.path.parent.is_dir():
        raise ExportError(f"there is no folder {export.path.parent}", hint="make it first")
    unfinished = export.path.with_name(f".{export.path.name}.{os.getpid()}.part")
    write = write_json_lines if export.format == "hsds-json" else write_tabular
    try:
        # What an operator exports may hold what the public must not see.
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield from write(session, scope, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(export.path)
    finally:
        unfinished.unlink(missing_ok=True)


def _scope(session: Session, export: Export) -> Scope:
    sources = {row.id: row for row in session.scalars(select(Source).order_by(Source.name))}
    only = None
    if export.source is not None:
        only = next((source.id for source in sources.values() if source.name == export.source), None)
        if only is None:
            known = ", ".join(source.name for source in sources.values()) or "none yet"
            raise ExportError(f"no source is called {export.source!r}", field="source", hint=f"known are {known}")
    return Scope(sources, only, reveal=export.include_confidential)
