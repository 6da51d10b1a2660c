"""WHAT HSDS JSON SAYS, as rows: one object, a list, a page of the API, or ndjson, however deep it nests.

An object inside another becomes a row of its own that links to what it was met in. Whatever stands inside a list is a
record; a single object inside another (a service's organization, an attribute's term) is a copy met in passing.
https://docs.openreferral.org/en/latest/hsds/serialization.html
"""

from collections.abc import Iterator
from typing import Any

from resource_api.directory.graph import NOUNS
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import Fields, InputRow

JSON = dict[str, Any]

_LISTS = {
    "additional_websites": "url",
    "additional_urls": "url",
    "funding": "funding",
    "contacts": "contact",
    "phones": "phone",
    "locations": "location",
    "programs": "program",
    "services": "service",
    "organization_identifiers": "organization_identifier",
    "schedules": "schedule",
    "service_areas": "service_area",
    "service_at_locations": "service_at_location",
    "languages": "language",
    "cost_options": "cost_option",
    "required_documents": "required_document",
    "capacities": "service_capacity",
    "addresses": "address",
    "accessibility": "accessibility",
    "attributes": "attribute",
    "metadata": "metadata",
}
_SINGLES = {
    "organization": ("organization", "organization_id"),
    "program": ("program", "program_id"),
    "service": ("service", "service_id"),
    "location": ("location", "location_id"),
    "unit": ("unit", "unit_id"),
    "taxonomy_term": ("taxonomy_term", "taxonomy_term_id"),
    "taxonomy_detail": ("taxonomy", "taxonomy_id"),
}
# What our export says of an object beside its own fields.
_RENDERED = {"object"}
_KEYS_OF_ORGANIZATION = set(
    "website tax_status tax_id legal_status year_incorporated logo services locations programs email phones contacts "
    "organization_identifiers funding parent_organization_id additional_websites".split()
)


def noun_of_object(found: JSON, file: str) -> str | None:
    """Tell which HSDS object a top-level JSON object is; the file's name decides where its keys do not."""
    keys = found.keys()
    if "id" not in keys:
        return None
    if found.get("object") in NOUNS:
        return str(found["object"])
    if "location_type" in keys or ("latitude" in keys and "longitude" in keys):
        return "location"
    if "name" not in keys:
        linked = keys & {"service", "service_id", "location", "location_id"}
        return "service_at_location" if linked else None
    if "status" in keys or keys & {"service_at_locations", "eligibility_description", "organization_id"}:
        return "program" if "status" not in keys and file.lower().startswith("program") else "service"
    if keys & {"taxonomy_detail", "taxonomy_id", "parent_id", "term_uri", "taxonomy", "code"}:
        return "taxonomy_term"
    if keys & _KEYS_OF_ORGANIZATION:
        return "organization"
    name = file.lower()
    for part, noun in (
        ("term", "taxonomy_term"),
        ("taxonom", "taxonomy"),
        ("program", "program"),
        ("organi", "organization"),
    ):
        if part in name:
            return noun
    if keys <= {"id", "name", "description", "uri", "version", "original_id"} and keys & {"version", "uri"}:
        return "taxonomy"
    return "organization" if "description" in keys else None


def read_object(found: object, file: str, line: int, report: Report, *, noun: str | None = None) -> Iterator[InputRow]:
    """Read one top-level object as rows, itself first."""
    if not isinstance(found, dict):
        report.add(RowProblem(file, line, "", "not a JSON object", "an HSDS object", refused=True))
        return
    if found.get("object") == "source":
        return
    known = noun or noun_of_object(found, file)
    if known is None:
        report.add(
            RowProblem(
                file, line, "", "no HSDS object that can be told by its keys",
                "an organization, service, location, service_at_location, taxonomy or taxonomy_term with an id",
                refused=True,
            )
        )  # fmt: skip
        return
    yield from _Flattener(file, line, report).flatten(known, found, {}, in_passing=False, path=())


class _Flattener:
    def __init__(self, file: str, line: int, report: Report) -> None:
        self.file = file
        self.line = line
        self.report = report

    def flatten(
        self, noun: str, found: JSON, owner: Fields, *, in_passing: bool, path: tuple[str, ...]
    ) -> Iterator[InputRow]:
        """Write one object and what it holds as rows; `owner` is the link to what it was met in."""
        own = found.get("id")
        if not isinstance(own, str) or not own:
            where = ".".join((*path, "id"))
            hint = "a UUID; HSDS gives every object one"
            self.report.add(RowProblem(self.file, self.line, where, f"a {noun} without an id", hint, refused=True))
            return
        fields: Fields = {}
        inside: list[tuple[str, str, JSON, Fields, bool]] = []
        for key, value in found.items():
            if key == "id" or value is None or key in _RENDERED:
                continue
            if key in _SINGLES and isinstance(value, dict):
                child, to_child = _SINGLES[key]
                if isinstance(value.get("id"), str):
                    fields.setdefault(to_child, value["id"])
                inside.append((key, child, value, {}, True))
            elif key in _LISTS and isinstance(value, list):
                child = _LISTS[key]
                link = _owner_link(noun, own, child)
                inside += [(key, child, item, link, _is_brief(child, item)) for item in value if isinstance(item, dict)]
            else:
                fields[key] = value
        row = InputRow(noun, own, fields | owner, self.file, self.line, in_passing)
        yield row
        for key, child, value, link, passing in inside:
            yield from self.flatten(
                child, value, self._with_owner(row, child, value, link), in_passing=passing, path=(*path, key)
            )

    def _with_owner(self, row: InputRow, child: str, value: JSON, link: Fields) -> Fields:
        """Say what a child belongs to where it does not say so itself."""
        if row.noun == "organization" and child in ("service", "location", "program"):
            return {} if "organization_id" in value else {"organization_id": row.original_id}
        return link


def _owner_link(noun: str, own: str, child: str) -> Fields:
    if child == "attribute":
        return {"link_id": own, "link_entity": noun}
    if child == "metadata":
        return {"resource_id": own, "resource_type": noun}
    return {f"{noun}_id": own}


def _is_brief(child: str, item: object) -> bool:
    """Tell whether a listed record is only named: an organization names its services, it does not describe them."""
    return child == "service" and isinstance(item, dict) and item.keys() <= {"id", "name", "status", "description"}
