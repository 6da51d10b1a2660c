"""What HSDS's lists take, and the page they give."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import QueryArgs
from resource_api.api.limits import MAX_PAGE, MAX_PER_PAGE, flag, text, whole_number
from resource_api.api.schemas.location import LocationSchema
from resource_api.api.schemas.search import Moment

DEFAULT_PER_PAGE = 50
_ID = {"type": "string", "format": "uuid"}
_MINIMAL = {
    "type": "object",
    "description": "With `minimal`: when the record last changed here.",
    "properties": {"id": _ID, "last_modified": {"type": "string", "format": "date-time"}},
    "required": ["id", "last_modified"],
    "additionalProperties": False,
}
_TOMBSTONE = {
    "type": "object",
    "description": "With `tombstones`: a record that was deleted.",
    "properties": {
        "id": _ID,
        "deleted": {"const": True},
        "deleted_at": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "deleted", "deleted_at"],
    "additionalProperties": False,
}


def _record_id(description: str) -> ma.fields.String:
    return text(max_length=100, metadata={"description": description})


class ListArgs(QueryArgs):
    """The parameters that every list takes; all of them must hold."""

    search = text(metadata={"description": "Records whose name or description has every one of these words."})
    page = whole_number(1, MAX_PAGE, metadata={"description": "Which page, from 1."})
    per_page = whole_number(
        1,
        MAX_PER_PAGE,
        metadata={"description": f"Records on a page: {DEFAULT_PER_PAGE}, or with `minimal` 10,000."},
    )
    format = text(
        load_default="json",
        validate=validate.OneOf(("json", "ndjson")),
        metadata={"description": "`ndjson` streams every record, one on a line, without pages."},
    )
    modified_after = Moment(
        metadata={
            "description": "Records that changed here on or after this date or date-time. Go on from the latest "
            "`last_modified` that you have met, not from when you asked: what is being written then would be missed.",
            "example": "2026-01-31T00:00:00Z",
        }
    )
    minimal = flag(
        load_default=False,
        metadata={"description": "Only `id` and `last_modified`, when the record last changed here."},
    )
    tombstones = flag(
        load_default=False,
        metadata={"description": "Also those deleted (on or after `modified_after`); our profile."},
    )


class _TermArgs(ListArgs):
    taxonomy_term_id = _record_id("Records with this taxonomy term, or with a service or site that has it.")
    taxonomy_id = _record_id("Records with any term of this taxonomy.")
    full = flag(load_default=False, metadata={"description": "Fully nested records."})


class ServiceArgs(_TermArgs):
    """The parameters of a list of services."""

    organization_id = _record_id("Those of this organization.")


class ServiceAtLocationArgs(ServiceArgs):
    """The parameters of a list of service_at_locations."""

    postcode = text(
        max_length=20,
        metadata={
            "description": "Those whose service area, if they have one, covers this ZIP code.",
            "example": "21215",
        },
    )
    proximity = text(
        max_length=20,
        validate=validate.Regexp(r"^[0-9]{1,8}(\.[0-9]{1,6})?$", error="is not a number of metres"),
        metadata={
            "description": "Those within so many metres of the centroid of `postcode`, which must be given.",
            "example": "5000",
        },
    )


class OrganizationArgs(_TermArgs):
    """The parameters of a list of organizations."""

    full_service = flag(load_default=False, metadata={"description": "With their services, fully nested."})


class OneOrganizationArgs(QueryArgs):
    """How one organization is shown."""

    full_service = flag(load_default=False, metadata={"description": "With its services, fully nested."})


class LocationArgs(QueryArgs):
    """The parameters of a list of locations."""

    page = whole_number(1, MAX_PAGE, metadata={"description": "Which page, from 1."})
    per_page = whole_number(1, MAX_PER_PAGE, metadata={"description": f"Locations on a page: {DEFAULT_PER_PAGE}."})
    organization_id = _record_id("Those of this organization.")
    full = flag(load_default=False, metadata={"description": "Fully nested locations."})


class TaxonomyArgs(ListArgs):
    """The parameters of a list of taxonomies."""


class TaxonomyTermArgs(ListArgs):
    """The parameters of a list of taxonomy_terms."""

    taxonomy_id = _record_id("Those of this taxonomy.")
    top_only = flag(
        load_default=False,
        metadata={"description": "Those without a parent. (HSDS's text speaks of those without children.)"},
    )
    parent_id = _record_id("The children of this term.")


class Listed(ma.fields.Field[Any]):
    """A record on a page, whichever form was asked for."""

    def __init__(self, component: str) -> None:
        whole = {"$ref": f"#/components/schemas/{component}"}
        super().__init__(metadata={"anyOf": [whole, _MINIMAL, _TOMBSTONE]})


class PageSchema(ma.Schema):
    """HSDS's page."""

    total_items = ma.fields.Integer(required=True, metadata={"description": "How many records there are."})
    total_pages = ma.fields.Integer(required=True)
    page_number = ma.fields.Integer(required=True)
    size = ma.fields.Integer(required=True, metadata={"description": "How many records are on this page."})
    first_page = ma.fields.Boolean(required=True)
    last_page = ma.fields.Boolean(required=True)
    empty = ma.fields.Boolean(required=True)


class ServicePageSchema(PageSchema):
    """A page of services."""

    contents = ma.fields.List(Listed("Service"), required=True)


class ServiceAtLocationPageSchema(PageSchema):
    """A page of service_at_locations."""

    contents = ma.fields.List(Listed("ServiceAtLocation"), required=True)


class OrganizationPageSchema(PageSchema):
    """A page of organizations."""

    contents = ma.fields.List(Listed("Organization"), required=True)


class LocationPageSchema(PageSchema):
    """A page of locations."""

    contents = ma.fields.List(ma.fields.Nested(LocationSchema), required=True)


class TaxonomyPageSchema(PageSchema):
    """A page of taxonomies."""

    contents = ma.fields.List(Listed("Taxonomy"), required=True)


class TaxonomyTermPageSchema(PageSchema):
    """A page of taxonomy_terms."""

    contents = ma.fields.List(Listed("TaxonomyTerm"), required=True)
