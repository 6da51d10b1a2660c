"""WHAT KIND OF INPUT IS THIS, whose is it, and how are its rows read?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from resource_api.directory.load import read_ohana
from resource_api.directory.load.archive import Files, digest, open_files
from resource_api.directory.load.fetch import fetch_file, is_url, points_at_file
from resource_api.directory.load.fetch_api import fetch_api
from resource_api.directory.load.read_csv import read_header
from resource_api.directory.load.read_json_files import ENDINGS, read_json_files, read_named_sources
from resource_api.directory.load.read_tabular import PACKAGE, Package, noun_of_file, read_package, read_tabular
from resource_api.directory.load.record_sources import SourceFacts
from resource_api.directory.load.report import Report
from resource_api.directory.load.row import InputRow
from resource_api.errors import LoadError

FORMATS = ("hsds-json", "tabular", "ohana", "hsds-api")


@dataclass(frozen=True, slots=True)
class Input:
    """An input that can be read: `digest` knows it again, `rows` reads it from its beginning.

    `others` are sources that its records may name; they do where `keeps_sources`.
    """

    name: str
    format: str
    source: SourceFacts
    digest: str
    keeps_sources: bool
    others: tuple[SourceFacts, ...]
    rows: Callable[[Report], Iterator[InputRow]]


@dataclass(frozen=True, slots=True)
class Named:
    """What whoever loads said about the input; what is None is found out."""

    format: str | None = None
    source: str | None = None
    licence: str | None = None
    encoding: str = "utf-8-sig"


def open_input(place: str, named: Named, scratch: Path) -> Input:
    """Open a path or URL; what has to be fetched is kept in `scratch`, which the caller removes after the load.

    Raises LoadError where it cannot be read, or is of no known format.
    """
    if named.format not in (None, *FORMATS):
        raise LoadError(f"the format {named.format!r} is unknown", field="format", hint=f"one of {', '.join(FORMATS)}")
    facts = Package()
    url = None
    if is_url(place):
        url = place
        if named.format == "hsds-api" or (named.format is None and not points_at_file(place)):
            fetched = fetch_api(place, scratch)
            facts, files, found = Package(name=fetched.publisher, url=place), open_files(fetched.path), "hsds-json"
            return _input(place, "hsds-api", named, facts, url, files, found)
        files = open_files(fetch_file(place, scratch))
    else:
        files = open_files(Path(place))
    found = named.format or _detect(files)
    if found == "hsds-api":
        raise LoadError(f"{place} is no URL", field="format", hint="hsds-api loads from an http(s) URL")
    if found == "tabular":
        facts = read_package(files)
        if not facts.files:
            raise LoadError(f"{files.name} holds no HSDS table", hint="organizations.csv, services.csv, …")
    if found == "hsds-json":
        facts = read_named_sources(files)
    return _input(place, found, named, facts, url, files, found)


def _input(place: str, shown: str, named: Named, facts: Package, url: str | None, files: Files, read_as: str) -> Input:
    name = named.source or _given_name(facts) or files.name
    source = SourceFacts(
        name, facts.title, named.licence or facts.licence, url or facts.url, facts.published_at
    )  # fmt: skip

    def rows(report: Report) -> Iterator[InputRow]:
        if read_as == "tabular":
            return read_tabular(files, facts, report, encoding=named.encoding)
        if read_as == "ohana":
            return read_ohana.OhanaReader(files, report, source=name, encoding=named.encoding).rows()
        return read_json_files(files, report)

    # Whoever names a source means all of it.
    keeps_sources = named.source is None
    return Input(place, shown, source, digest(files), keeps_sources, facts.sources, rows)


# What HSDS's own datapackage.json calls itself; every copy of it would claim to be the same publisher.
_NO_NAMES = ("human_services_data", "hsds", "datapackage")


def _given_name(facts: Package) -> str | None:
    return None if facts.name is None or facts.name.lower() in _NO_NAMES else facts.name


def _detect(files: Files) -> str:
    names = files.names()
    if PACKAGE in names:
        return "tabular"
    if set(read_ohana.FILES) <= set(names) and "service_at_location.csv" not in names:
        header = read_header(files, "services.csv")
        # In HSDS a service names its organization, in Ohana its location.
        if "location_id" in header and "organization_id" not in header:
            return "ohana"
    if any(noun_of_file(name) for name in names):
        return "tabular"
    if any(PurePosixPath(name).suffix.lower() in ENDINGS for name in names):
        return "hsds-json"
    shown = ", ".join(names[:5]) or "nothing"
    raise LoadError(
        f"{files.name} is of no format that can be loaded: it holds {shown}",
        hint="HSDS JSON (.json, .ndjson), an HSDS tabular package, or Ohana CSV; --format names one",
    )


def scratch_folder() -> "TemporaryDirectory[str]":
    """Make a folder for what has to be fetched; it goes when its `with` is left."""
    return TemporaryDirectory(prefix="load-")
