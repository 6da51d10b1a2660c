"""WHICH RECORDS THE JSON FILES OF AN INPUT HOLD: objects, lists, pages, ndjson, and HSDS's tabular form in JSON."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import orjson

from resource_api.directory.load.archive import Files
from resource_api.directory.load.json_stream import Found, read_json, read_ndjson
from resource_api.directory.load.read_json import noun_of_object, read_object
from resource_api.directory.load.read_tabular import PACKAGE, Package, noun_of_file
from resource_api.directory.load.record_sources import SourceFacts, read_source
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import InputRow
from resource_api.errors import LoadError

ENDINGS = (".json", ".ndjson", ".jsonl")
_LINES = (".ndjson", ".jsonl")
# The members of a page of the HSDS API, beside its contents.
_ENVELOPE = {"total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty"}
_LONGEST_SOURCE = 100_000
_MOST_SOURCES = 1_000
_API_ROOT = {"version", "openapi_url"}


def read_json_files(files: Files, report: Report) -> Iterator[InputRow]:
    """Read every JSON file of an input.

    Raises LoadError where one is not JSON, or where no file holds any HSDS object.
    """
    found_any = False
    for name in files.names():
        ending = PurePosixPath(name).suffix.lower()
        if ending not in ENDINGS or name == PACKAGE:
            if len(files.names()) > 1 and name != PACKAGE:
                report.ignored[f"{name} (file)"] += 1
            continue
        with files.open(name) as file:
            rows = read_lines(read_ndjson(file, name), name, report) if ending in _LINES else _read_whole(
                read_json(file, name), name, report
            )  # fmt: skip
            for row in rows:
                found_any = True
                yield row
    if not found_any:
        raise LoadError(f"{files.name} holds no HSDS object", hint="organizations, services or locations as HSDS JSON")


def read_named_sources(files: Files) -> Package:
    """Read whose data it is, where our own export says so in its first lines; a single source names all of it."""
    found: list[SourceFacts] = []
    for name in files.names():
        if PurePosixPath(name).suffix.lower() not in _LINES:
            continue
        with files.open(name) as file:
            while len(found) < _MOST_SOURCES and (facts := _read_source_line(file.readline(_LONGEST_SOURCE))):
                found.append(facts)
    if len(found) != 1:
        return Package(sources=tuple(found))
    only = found[0]
    return Package({}, only.name, only.title, only.licence, only.url, only.published_at)


def _read_source_line(line: bytes) -> SourceFacts | None:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return read_source(said) if isinstance(said, dict) and said.get("object") == "source" else None


def read_lines(found: Iterator[Found], name: str, report: Report) -> Iterator[InputRow]:
    """Read objects that each stand alone."""
    for each in found:
        yield from read_object(each.value, name, each.line, report)


def _read_whole(found: Iterator[Found], name: str, report: Report) -> Iterator[InputRow]:
    """Read a JSON file whose outermost value may be a list, a page, one record, or tables by file name."""
    members: dict[str, Any] = {}
    listed = False
    for each in found:
        noun = noun_of_file(each.key) if each.key else None
        if each.is_end:
            if not listed:
                yield from _read_members(members, name, each.line, report)
            members, listed = {}, False
        elif each.is_item and (each.key in (None, "contents") or noun is not None):
            listed = listed or each.key is not None
            yield from read_object(each.value, name, each.line, report, noun=noun)
        elif each.is_item:
            members.setdefault(str(each.key), []).append(each.value)
        else:
            members[str(each.key)] = each.value


def _read_members(members: dict[str, Any], name: str, line: int, report: Report) -> Iterator[InputRow]:
    if members.keys() <= _ENVELOPE | {"contents"}:
        return
    if members.keys() >= _API_ROOT and noun_of_object(members, name) is None:
        reason = "the description of an API, with no records"
        report.add(RowProblem(name, line, "", reason, "the URL of the API itself, to load from it"))
        return
    yield from read_object(members, name, line, report)
