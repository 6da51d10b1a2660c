"""WHICH COLUMNS EACH HSDS TABLE HAS, of which kind, and which of them must be filled.

The kinds follow HSDS's JSON schemas; the columns come from our tables, so that neither can drift from the other.
https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from dataclasses import dataclass
from functools import cache

from resource_api.directory.graph import NOUNS, table

RANK = {noun: rank for rank, noun in enumerate(NOUNS)}

LINKS = {
    "organization_id": "organization",
    "parent_organization_id": "organization",
    "program_id": "program",
    "service_id": "service",
    "location_id": "location",
    "service_at_location_id": "service_at_location",
    "contact_id": "contact",
    "phone_id": "phone",
    "unit_id": "unit",
    "taxonomy_id": "taxonomy",
    "taxonomy_term_id": "taxonomy_term",
    "parent_id": "taxonomy_term",
}

_OURS = {"id", "source_id", "original_id", "fingerprint", "position", "deleted_at"}
_URIS = {"url", "website", "logo", "uri", "term_uri", "schedule_link"}
_EMAILS = {"email", "assurer_email"}
_DATES = {"valid_from", "valid_to", "dtstart", "until", "assured_date"}
_TIMES = {"opens_at", "closes_at"}
_INSTANTS = {("service", "last_modified"), ("service", "availability_until"), ("service_capacity", "updated")}
_FLAGS = {"confidential"}
_PROSE = {
    "description",
    "eligibility_description",
    "application_process",
    "fees_description",
    "interpretation_services",
    "notes",
    "note",
    "availability_note",
    "details",
    "transportation",
    "alert",
    "wait_time",
    "accreditations",
    "licenses",
    "document",
    "previous_value",
    "replacement_value",
}

CODELISTS: dict[str, tuple[str, ...]] = {
    "status": ("active", "inactive", "defunct", "temporarily closed"),
    "location_type": ("physical", "postal", "virtual"),
    "address_type": ("physical", "postal", "virtual"),
    "freq": ("WEEKLY", "MONTHLY"),
    "wkst": ("MO", "TU", "WE", "TH", "FR", "SA", "SU"),
    "accepts_referrals": ("yes", "no"),
    "capacity_status": ("capacity", "no-capacity", "waitlist", "additional-assessment-required"),
}
LONGEST_TEXT = 100_000
LIFE_STAGES = ("pregnant", "postpartum", "infant", "child", "teen", "adult", "older-adult")

# HSDS requires these texts in JSON; data without them is stored with an empty text rather than refused.
_MAY_BE_EMPTY = {
    "organization": {"description"},
    "program": {"description"},
    "taxonomy": {"description"},
    "taxonomy_term": {"description"},
    "address": {"address_1", "city", "state_province", "postal_code", "country"},
    "metadata": {"previous_value", "replacement_value", "updated_by"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, whether a row without it is refused, and whether it may be stored as an empty text."""

    name: str
    kind: str
    required: bool
    may_be_empty: bool


def longest(column: str) -> int:
    """Get how many characters a value may have: shapes of service areas are long in earnest."""
    return 10 * LONGEST_TEXT if column == "extent" else LONGEST_TEXT


@cache
def columns(noun: str) -> tuple[Column, ...]:
    """List the columns of one noun, without those that every row carries."""
    found = []
    for column in table(noun).columns:
        name = column.name
        if name in _OURS:
            continue
        may_be_empty = name in _MAY_BE_EMPTY.get(noun, ())
        required = not column.nullable and not may_be_empty and name != "confidential"
        found.append(Column(name, _kind(noun, name, str(column.type)), required, may_be_empty))
    return tuple(found)


@cache
def column_names(noun: str) -> frozenset[str]:
    """Name the columns of one noun, without those that every row carries."""
    return frozenset(column.name for column in columns(noun))


@cache
def link_columns(noun: str) -> tuple[str, ...]:
    """Name the columns of one noun that link it to a record."""
    return tuple(column.name for column in columns(noun) if column.kind == "link")


def _kind(noun: str, name: str, sql: str) -> str:
    if name in LINKS or name in ("link_id", "resource_id"):
        return "link"
    if name in CODELISTS:
        return "code"
    if name == "life_stages":
        return "stages"
    if name in _FLAGS:
        return "flag"
    if (noun, name) in _INSTANTS:
        return "instant"
    if name in _DATES:
        return "date"
    if name in _TIMES:
        return "time"
    if name in _URIS:
        return "uri"
    if name in _EMAILS:
        return "email"
    if sql == "INTEGER":
        return "integer"
    if sql in ("FLOAT", "REAL", "DOUBLE"):
        return "number"
    return "prose" if name in _PROSE else "line"
