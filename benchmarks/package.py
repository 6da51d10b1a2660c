"""THE SAME COUNTRY AS A FILE SET: an HSDS tabular package, as a publisher would hand it to `resource-api load`.

https://docs.openreferral.org/en/latest/hsds/serialization.html
"""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from benchmarks.generate import AS_OF, SOURCE, TAXONOMY_ID, generate_services, term_id
from benchmarks.wording import offers

JSON = dict[str, Any]
Row = tuple[str, JSON]

COLUMNS = {
    "organizations": ("id", "name", "description", "website"),
    "services": (
        "id", "organization_id", "name", "description", "status", "fees_description", "minimum_age", "maximum_age",
        "assured_date", "accepts_referrals", "capacity_status", "life_stages",
    ),
    "locations": ("id", "location_type", "organization_id", "name", "latitude", "longitude"),
    "service_at_locations": ("id", "service_id", "location_id"),
    "addresses": (
        "id", "location_id", "address_1", "city", "state_province", "postal_code", "country", "address_type",
    ),
    "phones": ("id", "service_id", "organization_id", "number", "type"),
    "schedules": ("id", "service_id", "freq", "byday", "opens_at", "closes_at"),
    "languages": ("id", "service_id", "code", "name"),
    "service_areas": ("id", "service_id", "name", "extent", "extent_type"),
    "taxonomies": ("id", "name", "description"),
    "taxonomy_terms": ("id", "taxonomy_id", "code", "name", "description"),
    "attributes": ("id", "link_id", "link_entity", "taxonomy_term_id"),
}  # fmt: skip


def write_package(folder: Path, count: int) -> Path:
    """Write a package of `count` services into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers = {}
        for name, columns in COLUMNS.items():
            file = stack.enter_context(open(folder / f"{name}.csv", "w", newline="", encoding="utf-8"))
            writers[name] = csv.DictWriter(file, columns, extrasaction="ignore")
            writers[name].writeheader()
        for name, row in _rows(count):
            writers[name].writerow(row)
    package = {
        "name": SOURCE,
        "title": "The benchmark's country",
        "version": AS_OF.isoformat(),
        "licenses": [{"name": "CC0-1.0"}],
        "profile": "tabular-data-package",
        "resources": [
            {"name": name, "path": f"{name}.csv", "schema": {"fields": [{"name": column} for column in columns]}}
            for name, columns in COLUMNS.items()
        ],
    }
    (folder / "datapackage.json").write_bytes(orjson.dumps(package, option=orjson.OPT_INDENT_2))
    return folder


def _rows(count: int) -> Iterator[Row]:
    yield "taxonomies", {"id": TAXONOMY_ID, "name": "Needs", "description": "Terms of the benchmark's country."}
    for term in sorted({name for offer in offers() for name in offer.terms}):
        yield (
            "taxonomy_terms",
            {"id": term_id(term), "taxonomy_id": TAXONOMY_ID, "code": term, "name": term, "description": term},
        )
    organization_id = ""
    for service in generate_services(count):
        organization = service["organization"]
        if organization["id"] != organization_id:
            organization_id = organization["id"]
            yield "organizations", organization
            yield from (("phones", phone) for phone in organization["phones"])
        yield from _service_rows(service)


def _service_rows(service: JSON) -> Iterator[Row]:
    owned = {"service_id": service["id"]}
    yield "services", service | {"life_stages": ";".join(service.get("life_stages", ()))}
    for table in ("phones", "schedules", "languages", "service_areas"):
        for row in service.get(table, ()):
            yield table, row | owned
    for attribute in service["attributes"]:
        yield "attributes", attribute | {"taxonomy_term_id": attribute["taxonomy_term"]["id"]}
    for site in service["service_at_locations"]:
        location = site["location"]
        yield "locations", location | {"organization_id": service["organization_id"]}
        yield from (("addresses", row | {"location_id": location["id"]}) for row in location.get("addresses", ()))
        yield "service_at_locations", site | {"location_id": location["id"]}
