"""WHICH TERMS OHANA'S SERVICES HAVE: taxonomy.csv or categories.csv, and how services refer to them.

taxonomy.csv knows a term by its code, as services.csv does. categories.csv numbers its rows as well, and
service_categories.json speaks of those numbers: 101 is a code in the one and the hundred and first row in the other.
"""

from collections.abc import Iterator

import orjson

from resource_api.directory.load.archive import Files
from resource_api.directory.load.read_csv import read_csv
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import Fields, InputRow
from resource_api.errors import LoadError

TAXONOMY = "taxonomy"
FILES = ("taxonomy.csv", "categories.csv")
LINKS = "service_categories.json"
_MOST_JSON = 64 * 1024 * 1024
_READ = {"id", "taxonomy_id", "name", "description", "parent_id", "parent_name"}


class OhanaTerms:
    """The terms of one set of Ohana files."""

    def __init__(self, files: Files, report: Report, *, source: str, encoding: str) -> None:
        self.files = files
        self.report = report
        self.title = f"Categories of {source}"
        self.encoding = encoding
        self.names: dict[str, str] = {}
        self.by_number: dict[str, str] = {}

    def rows(self) -> Iterator[InputRow]:
        """Read the taxonomy and its terms."""
        name = next((n for n in FILES if n in self.files.names()), None)
        if name is None:
            return
        yield InputRow(TAXONOMY, TAXONOMY, {"name": self.title}, name, 1)
        for line, cells in read_csv(self.files, name, self.report, encoding=self.encoding):
            code = cells.get("taxonomy_id") or cells.get("id")
            if code is None:
                hint = "a code, unique within the file"
                self.report.add(RowProblem(name, line, "taxonomy_id", "the term has no code", hint, refused=True))
                continue
            self.names[code] = cells.get("name", "")
            if "id" in cells:
                self.by_number[cells["id"]] = code
            fields: Fields = {"code": code, "taxonomy": self.title, "taxonomy_id": TAXONOMY}
            for column in cells.keys() & {"name", "description", "parent_id"}:
                fields[column] = cells[column]
            for column in cells.keys() - _READ:
                self.report.ignored[f"{name}: {column}"] += 1
            yield InputRow("taxonomy_term", code, fields, name, line)

    def links(self, service: str, ids: list[str], file: str, line: int, *, numbers: bool = False) -> Iterator[InputRow]:
        """Link a service to terms by code, or by the numbers of their rows; each once however often it is listed."""
        for given in dict.fromkeys(ids):
            code = self.by_number.get(given) if numbers else given
            if code not in self.names:
                reason, hint = f"no term has this id: {given}", "the id of a term of the taxonomy"
                self.report.add(RowProblem(file, line, "taxonomy_ids", reason, hint))
                continue
            fields = {"link_id": service, "link_entity": "service", "taxonomy_term_id": code}
            if self.names[code]:
                fields["label"] = self.names[code]
            yield InputRow("attribute", f"{service}|{code}", fields, file, line)

    def links_of_services(self) -> Iterator[InputRow]:
        """Read service_categories.json, where there is one.

        Raises LoadError where it is no JSON object.
        """
        if LINKS not in self.files.names():
            return
        if self.files.size(LINKS) > _MOST_JSON:
            raise LoadError(f"{LINKS} is larger than {_MOST_JSON:,} bytes", hint="give taxonomy_ids in services.csv")
        shape = '{"service id": ["category id", …]}'
        with self.files.open(LINKS) as file:
            try:
                links = orjson.loads(file.read())
            except orjson.JSONDecodeError as error:
                raise LoadError(f"{LINKS} is not JSON: {error}", hint=shape) from error
        if not isinstance(links, dict):
            raise LoadError(f"{LINKS} is not a JSON object", hint=shape)
        for service, ids in links.items():
            listed = [str(each) for each in ids] if isinstance(ids, list) else []
            yield from self.links(service, listed, LINKS, 1, numbers=bool(self.by_number))
