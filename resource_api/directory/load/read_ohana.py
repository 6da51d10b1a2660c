"""WHAT OHANA'S CSV FILES SAY IN HSDS: organizations, locations and services as the Ohana API keeps them.

Its columns: https://github.com/codeforamerica/ohana-api/wiki/Populating-the-Postgres-database-from-OpenReferral-compliant-CSV-files
A service there belongs to one location, and through it to an organization; HSDS says that with a service_at_location.
Lists (languages, keywords, funding_sources) are one cell, joined by commas.
"""

import re
from collections.abc import Callable, Iterator

from resource_api.directory.load.archive import Files
from resource_api.directory.load.ohana_hours import read_holiday, read_weekday
from resource_api.directory.load.ohana_terms import OhanaTerms
from resource_api.directory.load.read_csv import Cells, read_csv
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import Fields, InputRow

FILES = ("organizations.csv", "locations.csv", "services.csv")

_NOISE_DEPARTMENT = re.compile(r"phone\s*#?\s*\d*", re.IGNORECASE)

_SAME: dict[str, dict[str, str]] = {
    "organization": {c: c for c in ("name", "alternate_name", "description", "email", "website", "legal_status")}
    | {"tax_id": "tax_id", "tax_status": "tax_status"},
    "program": {c: c for c in ("organization_id", "name", "alternate_name", "description")},
    "location": {
        c: c
        for c in (
            "organization_id name alternate_name description transportation latitude longitude confidential"
        ).split()
    }
    | {"website": "url"},
    "service": {
        c: c
        for c in (
            "program_id location_id name alternate_name description email application_process interpretation_services "
            "status wait_time accreditations licenses"
        ).split()
    }
    | {"website": "url"},
    "address": {
        c: c for c in "location_id attention address_1 address_2 city region state_province postal_code country".split()
    },
    "contact": {c: c for c in "organization_id location_id service_id name title department email".split()},
}


class OhanaReader:
    """Reads one set of Ohana files."""

    def __init__(self, files: Files, report: Report, *, source: str, encoding: str = "utf-8-sig") -> None:
        self.files = files
        self.report = report
        self.source = source
        self.encoding = encoding
        self.names = set(files.names())
        self.has_contacts = "contacts.csv" in self.names
        self.terms = OhanaTerms(files, report, source=source, encoding=encoding)

    def rows(self) -> Iterator[InputRow]:
        """Read every file, what is linked to before what links to it."""
        read: list[tuple[str, Callable[[str, int, Cells], Iterator[InputRow]]]] = [
            ("organizations.csv", self._organization),
            ("programs.csv", self._program),
            ("locations.csv", self._location),
            ("addresses.csv", self._address),
            ("mail_addresses.csv", self._mail_address),
            ("services.csv", self._service),
            ("contacts.csv", self._contact),
            ("phones.csv", self._phone),
            ("regular_schedules.csv", self._weekday),
            ("holiday_schedules.csv", self._holiday),
        ]
        known = {name for name, _ in read} | {"taxonomy.csv", "categories.csv", "service_categories.json"}
        for name in sorted(n for n in self.names - known if not n.lower().startswith(("readme", "license", "licence"))):
            self.report.ignored[f"{name} (file)"] += 1
        yield from self.terms.rows()
        for name, write in read:
            if name not in self.names:
                continue
            for line, cells in read_csv(self.files, name, self.report, encoding=self.encoding):
                if "id" not in cells:
                    self._refuse(name, line, "id", "the row has no id", "an id, unique within the file")
                    continue
                yield from write(name, line, cells)
        yield from self.terms.links_of_services()

    def _refuse(self, file: str, line: int, column: str, reason: str, hint: str) -> None:
        self.report.add(RowProblem(file, line, column, reason, hint, refused=True))

    def _same(self, noun: str, file: str, cells: Cells, *taken: str) -> Fields:
        """Copy the columns that mean the same in both, and count the ones that nothing takes."""
        same = _SAME[noun]
        fields: Fields = {}
        for column, value in cells.items():
            if column in same:
                fields[same[column]] = value
            elif column.endswith(("isprivate", "is_private", "is_confidential")):
                fields["is_private"] = value
            elif column not in taken and column != "id":
                self.report.ignored[f"{file}: {column}"] += 1
        return fields

    def _organization(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = self._same("organization", file, cells, "date_incorporated", "funding_sources")
        if year := re.search(r"\b(1[6-9]\d\d|20\d\d)\b", cells.get("date_incorporated", "")):
            fields["year_incorporated"] = int(year[1])
        yield InputRow("organization", cells["id"], fields, file, line)
        yield from self._funding("organization_id", file, line, cells)

    def _funding(self, owner: str, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        for text in _list(cells.get("funding_sources")):
            fields = {owner: cells["id"], "source": text}
            yield InputRow("funding", f"{owner}|{cells['id']}|{text}", fields, file, line)

    def _program(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        yield InputRow("program", cells["id"], self._same("program", file, cells), file, line)

    def _location(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = self._same("location", file, cells, "virtual", "short_desc", "email", "accessibility", "languages")
        fields["location_type"] = "virtual" if cells.get("virtual", "").lower() in ("true", "t", "1") else "physical"
        if "short_desc" in cells:
            fields.setdefault("description", cells["short_desc"])
        own = cells["id"]
        yield InputRow("location", own, fields, file, line)
        for text in _list(cells.get("accessibility")):
            words = text.replace("_", " ").capitalize()
            yield InputRow("accessibility", f"{own}|{text}", {"location_id": own, "description": words}, file, line)
        if "languages" in cells:
            cell = {"location_id": own, "name": cells["languages"]}
            yield InputRow("language", f"location|{own}", cell, file, line)
        if "email" in cells:
            yield InputRow("contact", f"location|{own}", {"location_id": own, "email": cells["email"]}, file, line)

    def _address(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = self._same("address", file, cells) | {"address_type": "physical"}
        yield InputRow("address", cells["id"], fields, file, line)

    def _mail_address(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = self._same("address", file, cells) | {"address_type": "postal"}
        yield InputRow("address", f"mail|{cells['id']}", fields, file, line)

    def _service(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        own = cells["id"]
        taken = (
            "eligibility audience fees accepted_payments funding_sources keywords languages required_documents "
            "service_areas taxonomy_ids"
        ).split()
        fields = self._same("service", file, cells, *taken)
        if not cells.keys() & {"location_id", "program_id"}:
            reason = "the service is at no location, which would tell its organization"
            self._refuse(file, line, "location_id", reason, "the id of a row of locations.csv")
            return
        if eligibility := _sentences(cells.get("eligibility"), cells.get("audience")):
            fields["eligibility_description"] = eligibility
        payments = ", ".join(_list(cells.get("accepted_payments")))
        if fees := _sentences(cells.get("fees"), f"Accepted payments: {payments}" if payments else None):
            fields["fees_description"] = fees
        yield InputRow("service", own, fields, file, line)
        if "location_id" in cells:
            link = {"service_id": own, "location_id": cells["location_id"]}
            yield InputRow("service_at_location", f"{own}|{cells['location_id']}", link, file, line)
        yield from self._funding("service_id", file, line, cells)
        if "languages" in cells:
            cell = {"service_id": own, "name": cells["languages"]}
            yield InputRow("language", f"service|{own}", cell, file, line)
        for text in _list(cells.get("required_documents")):
            yield InputRow("required_document", f"{own}|{text}", {"service_id": own, "document": text}, file, line)
        for text in _list(cells.get("service_areas")):
            yield InputRow("service_area", f"{own}|{text}", {"service_id": own, "name": text}, file, line)
        for text in _list(cells.get("keywords")):
            fields = {"link_id": own, "link_entity": "service", "link_type": "keyword", "value": text, "label": text}
            yield InputRow("attribute", f"{own}|keyword|{text}", fields, file, line)
        yield from self.terms.links(own, _list(cells.get("taxonomy_ids")), file, line)

    def _contact(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        yield InputRow("contact", cells["id"], self._same("contact", file, cells), file, line)

    def _phone(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        # A phone names its service, and beside it the location and organization that follow from it.
        owners = ["service_id", "location_id", "organization_id"]
        if self.has_contacts:
            owners.insert(0, "contact_id")
        owner = next((o for o in owners if o in cells), None)
        if owner is None:
            self._refuse(
                file, line, "service_id", "the phone belongs to nothing", "a service, location or organization id"
            )
            return
        fields: Fields = {owner: cells[owner], "number": cells.get("number") or cells.get("vanity_number", "")}
        number, prefix = fields["number"], cells.get("country_prefix", "").lstrip("+")
        if prefix and prefix != "1" and not number.startswith("+"):
            fields["number"] = f"+{prefix} {number}"
        if "extension" in cells:
            fields["extension"] = cells["extension"]
        if "number_type" in cells:
            fields["type"] = cells["number_type"]
        department = cells.get("department", "")
        if department and not _NOISE_DEPARTMENT.fullmatch(department):
            fields["description"] = department
        if "vanity_number" in cells and cells["vanity_number"] != fields["number"]:
            fields["description"] = _sentences(fields.get("description"), cells["vanity_number"])
        yield InputRow("phone", cells["id"], fields, file, line)

    def _weekday(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = read_weekday(cells)
        if fields is None:
            self._refuse(
                file, line, "weekday", f"no weekday is called that: {cells.get('weekday', '')}", "Monday to Sunday"
            )
            return
        yield InputRow("schedule", f"weekly|{cells['id']}", fields, file, line)

    def _holiday(self, file: str, line: int, cells: Cells) -> Iterator[InputRow]:
        fields = read_holiday(cells)
        if fields is None:
            self._refuse(
                file, line, "start_date", f"the date cannot be read: {cells.get('start_date', '')}", "2026-12-25"
            )
            return
        yield InputRow("schedule", f"holiday|{cells['id']}", fields, file, line)


def _list(cell: str | None) -> list[str]:
    """Split a cell of an Ohana list; the same item twice counts once."""
    if not cell:
        return []
    return list(dict.fromkeys(item for part in re.split(r"[,;]", cell.strip("[]{}")) if (item := part.strip(" \"'"))))


def _sentences(*texts: str | None) -> str:
    """Join texts that say different things into one prose; one alone stays as it is."""
    kept = list(dict.fromkeys(text for text in texts if text))
    if len(kept) < 2:
        return "".join(kept)
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in kept)
