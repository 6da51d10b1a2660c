"""WHAT datapackage.json SAYS: the files of a tabular package, their columns and how they are linked.

https://specs.frictionlessdata.io/tabular-data-package/
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer

from resource_api.directory.graph import table
from resource_api.directory.record import Source

JSON = dict[str, Any]

FILES = {
    "taxonomy": "taxonomies.csv",
    "taxonomy_term": "taxonomy_terms.csv",
    "unit": "units.csv",
    "meta_table_description": "meta_table_descriptions.csv",
    "organization": "organizations.csv",
    "program": "programs.csv",
    "location": "locations.csv",
    "service": "services.csv",
    "service_at_location": "service_at_location.csv",
    "organization_identifier": "organization_identifiers.csv",
    "funding": "funding.csv",
    "url": "url.csv",
    "service_area": "service_areas.csv",
    "required_document": "required_documents.csv",
    "cost_option": "cost_options.csv",
    "service_capacity": "service_capacity.csv",
    "address": "addresses.csv",
    "accessibility": "accessibility.csv",
    "contact": "contacts.csv",
    "schedule": "schedules.csv",
    "phone": "phones.csv",
    "language": "languages.csv",
    "attribute": "attributes.csv",
    "metadata": "metadata.csv",
}
_PRIVATE = {"source_id", "fingerprint", "position", "deleted_at", "original_id"}
# HSDS has a number where we keep a text; what is no number goes into our profile's column.
_NUMBERS_WITH_TEXT = {("phone", "extension"): "extension_text", ("schedule", "timezone"): "timezone_name"}
_UUIDS = {"link_id", "resource_id", "parent_id", "parent_organization_id"}


def tabular_columns(noun: str) -> list[tuple[str, JSON]]:
    """List the columns of a file with their types: HSDS's, then those of our profile."""
    found: list[tuple[str, JSON]] = [("id", {"type": "string", "format": "uuid", "constraints": {"required": True}})]
    for column in table(noun).columns:
        if column.name == "id" or column.name in _PRIVATE:
            continue
        beside = _NUMBERS_WITH_TEXT.get((noun, column.name))
        found.append((column.name, {"type": "number"} if beside else _describe(column)))
        if beside:
            found.append((beside, {"type": "string"}))
    found.append(("original_id", {"type": "string"}))
    if noun in ("organization", "service"):
        found.append(("source", {"type": "string"}))
    return found


def describe_package(nouns: Sequence[str], sources: Sequence[Source]) -> JSON:
    """Describe a package of some files; one that is of a single source is named for it."""
    package: JSON = {"name": "human_services_data"}
    if len(sources) == 1:
        [source] = sources
        said = {"name": source.name, "title": source.title, "homepage": source.url, "created": source.published_at}
        package = {key: value for key, value in said.items() if value}
        if source.licence:
            package["licenses"] = [{"name": source.licence}]
    package |= {"profile": "tabular-data-package", "version": "3.1.0"}
    if len(sources) > 1:
        package["sources"] = [{"title": source.title or source.name} for source in sources]
    return package | {"resources": [_describe_file(noun, nouns) for noun in nouns]}


def _describe_file(noun: str, nouns: Sequence[str]) -> JSON:
    links = [
        {"fields": column.name, "reference": {"resource": target, "fields": "id"}}
        for column in table(noun).columns
        for target in sorted(key.column.table.name for key in column.foreign_keys)
        if target in nouns
    ]
    schema: JSON = {
        "fields": [{"name": name} | kind for name, kind in tabular_columns(noun)],
        "primaryKey": "id",
    }
    return {
        "name": noun,
        "path": FILES[noun],
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "schema": schema | ({"foreignKeys": links} if links else {}),
    }


def _describe(column: Column[Any]) -> JSON:
    if column.foreign_keys or column.name in _UUIDS:
        return {"type": "string", "format": "uuid"}
    if isinstance(column.type, Boolean):
        return {"type": "boolean"}
    if isinstance(column.type, Integer):
        return {"type": "integer"}
    return {"type": "number"} if isinstance(column.type, Float) else {"type": "string"}
