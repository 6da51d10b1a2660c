"""WHAT A CSV FILE SAYS: its rows as dicts of non-empty cells, each with the line it begins on.

RFC 4180, UTF-8 unless another encoding is named. A file that is broken as a whole is a LoadError; a row that does not
fit the header, or has a cell that no field can hold, is a refused row.
"""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from resource_api.directory.load.archive import Files
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.shape import longest
from resource_api.errors import LoadError

_LONGEST_READ = 16 * 1024 * 1024

Cells = dict[str, str]


def read_csv(files: Files, name: str, report: Report, *, encoding: str = "utf-8-sig") -> Iterator[tuple[int, Cells]]:
    """Read the rows of one CSV file.

    Raises LoadError where it is no CSV with a header, is cut off, or is not in the encoding.
    """
    csv.field_size_limit(_LONGEST_READ)
    with files.open(name) as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        reader = csv.reader(text, strict=True)
        try:
            header = [column.strip().lower() for column in next(reader, [])]
            _check_header(name, header)
            yield from _read_rows(reader, header, name, report)
        except csv.Error as error:
            raise LoadError(
                f"{name}, line {reader.line_num}: {error}",
                hint="quotes inside a quoted cell are doubled, and the file's last quote is closed: is it cut off?",
            ) from error
        except UnicodeDecodeError as error:
            raise _bad_encoding(files, name, encoding) from error


def read_header(files: Files, name: str) -> list[str]:
    """Read the column names of a CSV file, as well as they can be read."""
    with files.open(name) as raw:
        first = raw.readline(_LONGEST_READ).decode("utf-8-sig", "replace")
    return [column.strip().lower() for column in next(csv.reader([first]), [])]


def _read_rows(
    reader: "csv._reader",  # type: ignore[name-defined]
    header: list[str],
    name: str,
    report: Report,
) -> Iterator[tuple[int, Cells]]:
    width = len(header)
    line = reader.line_num + 1
    for values in reader:
        first, line = line, reader.line_num + 1
        if len(values) != width:
            if not any(values):
                continue
            if len(values) < width or any(values[width:]):
                report.add(
                    RowProblem(
                        name, first, "", f"the row has another number of cells than the header: {len(values)}",
                        f"{width} cells, as in the header; a comma inside a cell needs quotes", refused=True,
                    )
                )  # fmt: skip
                continue
        cells: Cells = {}
        for column, value in zip(header, values, strict=False):
            if value and (value := value.strip()):
                cells[column] = value
        if not cells:
            continue
        if bad := next((c for c, v in cells.items() if "\0" in v or len(v) > longest(c)), None):
            report.add(_bad_cell(name, first, bad, cells[bad]))
            continue
        yield first, cells


def _bad_cell(name: str, line: int, column: str, value: str) -> RowProblem:
    if "\0" in value:
        return RowProblem(name, line, column, "the cell holds a NUL byte", "text only", refused=True)
    return RowProblem(
        name, line, column, f"the cell is too long: {len(value):,} characters",
        f"at most {longest(column):,} characters", refused=True,
    )  # fmt: skip


def _check_header(name: str, header: list[str]) -> None:
    if not header or not any(header):
        raise LoadError(f"{name} is empty", hint="a CSV file whose first line names its columns")
    if any("\0" in column or len(column) > 200 for column in header):
        raise LoadError(f"{name} is not a CSV file", hint="a CSV file whose first line names its columns")
    twice = {column for column in header if column and header.count(column) > 1}
    if twice:
        raise LoadError(f"{name} has the column {min(twice)!r} twice", hint="each column once")


def _bad_encoding(files: Files, name: str, encoding: str) -> LoadError:
    with files.open(name) as raw:
        for line, content in enumerate(_lines(raw), start=1):
            try:
                content.decode(encoding)
            except UnicodeDecodeError as error:
                byte = content[error.start]
                return LoadError(
                    f"{name}, line {line}: byte {error.start + 1} (0x{byte:02x}) is not {encoding.upper()}",
                    hint="save the file as UTF-8, or name its encoding: --encoding cp1252",
                )
    return LoadError(f"{name} is not {encoding}", hint="save the file as UTF-8, or name its encoding with --encoding")


def _lines(raw: BinaryIO) -> Iterator[bytes]:
    while line := raw.readline(_LONGEST_READ):
        yield line
