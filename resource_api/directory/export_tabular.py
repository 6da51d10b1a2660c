"""The HSDS tabular package: a zip of one CSV file for each HSDS object, and the datapackage.json that describes them.

https://docs.openreferral.org/en/latest/hsds/serialization.html
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import orjson
from sqlalchemy.orm import Session

from resource_api.directory.export_guard import read_guard
from resource_api.directory.export_package import FILES, describe_package, tabular_columns
from resource_api.directory.export_rows import Scope, count_rows, read_rows
from resource_api.directory.graph import NOUNS, Row, table
from resource_api.directory.write_row import write_row

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same content gives the same bytes


def write_tabular(session: Session, scope: Scope, file: IO[bytes]) -> Iterator[int]:
    """Write the package, yielding how many rows are done."""
    guard = read_guard(session, scope)
    nouns = [noun for noun in NOUNS if count_rows(session, scope, noun)]
    done = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        with _open_member(package, "datapackage.json") as member:
            member.write(orjson.dumps(describe_package(nouns, scope.exported_sources()), option=orjson.OPT_INDENT_2))
        for noun in nouns:
            names = [name for name, _ in tabular_columns(noun)]
            with _open_member(package, FILES[noun]) as member:
                lines = io.TextIOWrapper(member, encoding="utf-8", newline="")
                writer = csv.writer(lines, lineterminator="\n")
                writer.writerow(names)
                for rows in read_rows(session, scope, noun):
                    for row in rows:
                        public = guard.make_public(row)
                        if public is not None:
                            cells = _write_cells(noun, public, scope)
                            writer.writerow([_write_cell(cells.get(name)) for name in names])
                    done += len(rows)
                    yield done
                lines.flush()
                lines.detach()


@contextmanager
def _open_member(package: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    with package.open(member, "w", force_zip64=True) as stream:
        yield stream


def _write_cells(noun: str, row: Row, scope: Scope) -> dict[str, Any]:
    links = {column.name: row[column.name] for column in table(noun).columns if column.foreign_keys}
    cells = links | write_row(noun, row)
    if noun == "service":
        cells["needs"] = row["needs"]
    if noun in ("organization", "service"):
        cells["source"] = scope.source_name(row)
    return cells


def _write_cell(value: Any) -> str:
    if value is None:
        return ""
    if value is True:
        return "true"
    if isinstance(value, list):
        return ";".join(value)
    return repr(value) if isinstance(value, float) else str(value)
