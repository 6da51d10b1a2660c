"""WHAT AN HSDS TABULAR PACKAGE SAYS: one CSV file a table, named by its datapackage.json or by HSDS's own names.

https://docs.openreferral.org/en/latest/hsds/serialization.html (Tabular Data Package)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from resource_api.directory.graph import NOUNS
from resource_api.directory.load.archive import Files
from resource_api.directory.load.read_csv import read_csv
from resource_api.directory.load.record_sources import SourceFacts
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import InputRow
from resource_api.errors import LoadError

PACKAGE = "datapackage.json"
_MOST_PACKAGE = 8 * 1024 * 1024
# HSDS's files are mostly plurals; older packages and other tools use the singular.
_PLURALS = {
    "organizations": "organization",
    "programs": "program",
    "services": "service",
    "services_at_location": "service_at_location",
    "service_at_locations": "service_at_location",
    "locations": "location",
    "addresses": "address",
    "physical_addresses": "address",
    "phones": "phone",
    "schedules": "schedule",
    "contacts": "contact",
    "languages": "language",
    "accessibility_for_disabilities": "accessibility",
    "cost_options": "cost_option",
    "required_documents": "required_document",
    "service_areas": "service_area",
    "service_capacities": "service_capacity",
    "units": "unit",
    "urls": "url",
    "organization_identifiers": "organization_identifier",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
    "attributes": "attribute",
    "meta_table_descriptions": "meta_table_description",
}


@dataclass(frozen=True, slots=True)
class Package:
    """What a datapackage.json says: which file holds which noun, and about the data as a whole."""

    files: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    title: str | None = None
    licence: str | None = None
    url: str | None = None
    published_at: str | None = None
    sources: tuple[SourceFacts, ...] = ()


def noun_of_file(name: str) -> str | None:
    """Name the noun that a CSV file is called after; None for any other file."""
    path = PurePosixPath(name)
    stem = path.stem.lower()
    if path.suffix.lower() != ".csv":
        return None
    return stem if stem in NOUNS else _PLURALS.get(stem)


def read_package(files: Files) -> Package:
    """Read which files the package has, and what it is called.

    Raises LoadError where datapackage.json is no JSON object or names files that are not there.
    """
    names = files.names()
    by_name = {name: noun for name in names if (noun := noun_of_file(name)) is not None}
    if PACKAGE not in names:
        return Package(by_name)
    facts = _read_json(files)
    found = dict(by_name)
    for resource in facts.get("resources") or ():
        if not isinstance(resource, dict):
            continue
        noun, path = str(resource.get("name", "")).lower(), resource.get("path")
        noun = noun if noun in NOUNS else _PLURALS.get(noun, "")
        if not noun or not isinstance(path, str):
            continue
        # The official package lists all 24 tables; a publisher may have fewer.
        if path in names:
            found[path] = noun
        elif ".." in PurePosixPath(path).parts or path.startswith(("/", "\\", "http:", "https:")):
            raise LoadError(f"{PACKAGE} names the file {path!r}", hint="files that stand beside datapackage.json")
    return Package(
        found, _text(facts.get("name")), _text(facts.get("title")), _licence(facts), _text(facts.get("homepage")),
        _text(facts.get("created")), tuple(_read_sources(facts.get("sources"))),
    )  # fmt: skip


def read_tabular(files: Files, package: Package, report: Report, *, encoding: str) -> Iterator[InputRow]:
    """Read every row of every table."""
    for name in files.names():
        noun = package.files.get(name)
        if noun is None:
            if name != PACKAGE and not name.lower().startswith(("readme", "license", "licence")):
                report.ignored[f"{name} (file)"] += 1
            continue
        for line, cells in read_csv(files, name, report, encoding=encoding):
            own = cells.pop("id", None)
            if own is None:
                hint = "an id, unique within the file"
                report.add(RowProblem(name, line, "id", "the row has no id", hint, refused=True))
                continue
            yield InputRow(noun, own, dict(cells), name, line)


def _read_json(files: Files) -> dict[str, Any]:
    if files.size(PACKAGE) > _MOST_PACKAGE:
        raise LoadError(f"{PACKAGE} is larger than {_MOST_PACKAGE:,} bytes", hint="a description, not the data")
    with files.open(PACKAGE) as file:
        try:
            facts = orjson.loads(file.read())
        except orjson.JSONDecodeError as error:
            raise LoadError(f"{PACKAGE} is not JSON: {error}", hint="mend it, or leave it out") from error
    if not isinstance(facts, dict):
        raise LoadError(f"{PACKAGE} is not a JSON object", hint="mend it, or leave it out")
    return facts


def _read_sources(listed: object) -> Iterator[SourceFacts]:
    for said in listed if isinstance(listed, list) else ():
        if isinstance(said, dict) and (name := _text(said.get("name"))):
            # A title that only repeats the name was put there because the format asks for one.
            title = _text(said.get("title"))
            title = None if title == name else title
            yield SourceFacts(name, title, _licence(said), _text(said.get("path")), _text(said.get("created")))


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _licence(facts: dict[str, Any]) -> str | None:
    several = facts.get("licenses")
    one = several[0] if isinstance(several, list) and several else facts.get("license")
    if isinstance(one, dict):
        return _text(one.get("type")) or _text(one.get("name")) or _text(one.get("title"))
    return _text(one)
