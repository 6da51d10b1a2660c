"""WHAT IS NESTED IN WHAT: which lists stand inside an HSDS object, and which of its members only show another record.

Documents are rendered by it, and what a steward sends is read by it, so neither can know of a list that the other does
not. Rows that hang on a record are written with it; a record that is shown inside another is written at its own URL.
"""

from dataclasses import dataclass

# Noun → the lists of rows that hang on it, by the name of each in JSON.
CHILDREN: dict[str, tuple[tuple[str, str], ...]] = {
    "organization": (
        ("additional_websites", "url"),
        ("funding", "funding"),
        ("contacts", "contact"),
        ("phones", "phone"),
        ("organization_identifiers", "organization_identifier"),
    ),
    "service": (
        ("additional_urls", "url"),
        ("phones", "phone"),
        ("schedules", "schedule"),
        ("service_areas", "service_area"),
        ("languages", "language"),
        ("funding", "funding"),
        ("cost_options", "cost_option"),
        ("required_documents", "required_document"),
        ("contacts", "contact"),
        ("capacities", "service_capacity"),
    ),
    "service_at_location": (
        ("service_areas", "service_area"),
        ("contacts", "contact"),
        ("phones", "phone"),
        ("schedules", "schedule"),
    ),
    "location": (
        ("addresses", "address"),
        ("contacts", "contact"),
        ("languages", "language"),
        ("accessibility", "accessibility"),
        ("phones", "phone"),
        ("schedules", "schedule"),
    ),
    "phone": (("languages", "language"),),
    "contact": (("phones", "phone"),),
}
# Programs stand in an organization's own document alone, not wherever it is shown.
OWN_CHILDREN = {"organization": (("programs", "program"),)}
# Taxonomies, their terms and attributes have no attributes themselves.
WITHOUT_ATTRIBUTES = frozenset({"taxonomy", "taxonomy_term", "attribute", "metadata"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A link to another record: its column, the member that shows that record, and whether it is for good."""

    column: str
    noun: str
    shown_as: str | None = None
    fixed: bool = False


REFERENCES: dict[str, tuple[Reference, ...]] = {
    "organization": (Reference("parent_organization_id", "organization"),),
    "service": (
        Reference("organization_id", "organization", "organization", fixed=True),
        Reference("program_id", "program", "program"),
    ),
    "service_at_location": (
        Reference("service_id", "service", "service", fixed=True),
        Reference("location_id", "location", "location", fixed=True),
    ),
    "location": (Reference("organization_id", "organization", fixed=True),),
    "service_capacity": (Reference("unit_id", "unit", "unit"),),
    "attribute": (Reference("taxonomy_term_id", "taxonomy_term", "taxonomy_term"),),
    "taxonomy_term": (
        Reference("taxonomy_id", "taxonomy", "taxonomy_detail"),
        Reference("parent_id", "taxonomy_term"),
    ),
}
# What is said of a record here, and by nobody who writes it.
READ_ONLY = frozenset({"metadata", "source", "original_id", "last_modified"})
SHOWN: dict[str, frozenset[str]] = {
    "organization": frozenset({"services", "locations"}),
    "service": frozenset({"service_at_locations"}),
}


def children_of(noun: str) -> tuple[tuple[str, str], ...]:
    """List every list of rows that is written with a noun: its children, and its attributes."""
    own = CHILDREN.get(noun, ()) + OWN_CHILDREN.get(noun, ())
    return own if noun in WITHOUT_ATTRIBUTES else (*own, ("attributes", "attribute"))
