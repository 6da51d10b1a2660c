"""What every HSDS record has, and the kinds of value that HSDS knows. A field that is empty is left out, never null."""

from typing import Any

import marshmallow as ma
from marshmallow import validate


def words(description: str | None = None, **options: Any) -> ma.fields.String:
    """Make a field for a text."""
    return ma.fields.String(metadata={"description": description} if description else {}, **options)


def uuid(description: str | None = None, **options: Any) -> ma.fields.UUID:
    """Make a field for an id."""
    return ma.fields.UUID(metadata={"description": description} if description else {}, **options)


def uri() -> ma.fields.String:
    """Make a field for a URI."""
    return ma.fields.String(metadata={"format": "uri"})


def moment(**options: Any) -> ma.fields.AwareDateTime:
    """Make a field for a date and time with its zone."""
    return ma.fields.AwareDateTime(format="iso", **options)


def one_of(*values: str, **options: Any) -> ma.fields.String:
    """Make a field for one of a closed list of values."""
    return ma.fields.String(validate=validate.OneOf(values), **options)


def many(schema: Any) -> ma.fields.List[Any]:
    """Make a field for a list of records."""
    return ma.fields.List(ma.fields.Nested(schema))


class MetadataSchema(ma.Schema):
    """Who changed one field of a record, when, and from what to what."""

    id = uuid(required=True)
    resource_id = uuid()
    resource_type = words()
    last_action_date = words(required=True)
    last_action_type = words(required=True)
    field_name = words(required=True)
    previous_value = words(required=True)
    replacement_value = words(required=True)
    updated_by = words(required=True)
    original_id = words("The publisher's id, where it is no UUID (our profile).")


class IdentifiedSchema(ma.Schema):
    """A record with an id."""

    id = uuid(required=True)
    metadata = many(MetadataSchema)
    original_id = words("The publisher's id, where it is no UUID (our profile).")


class TaxonomySchema(IdentifiedSchema):
    """A list of terms by which services are classified."""

    name = words(required=True)
    description = words(required=True)
    uri = uri()
    version = words()


class TaxonomyTermSchema(IdentifiedSchema):
    """One term of a taxonomy."""

    code = words()
    name = words(required=True)
    description = words(required=True)
    parent_id = uuid()
    taxonomy = words()
    taxonomy_detail = ma.fields.Nested(TaxonomySchema)
    language = words()
    taxonomy_id = uuid()
    term_uri = uri()


class AttributeSchema(IdentifiedSchema):
    """A term that is tied to a record."""

    link_id = uuid()
    taxonomy_term_id = uuid()
    link_type = words()
    link_entity = words()
    value = words()
    label = words()
    taxonomy_term = ma.fields.Nested(TaxonomyTermSchema)


class RecordSchema(IdentifiedSchema):
    """A record that terms can be tied to."""

    attributes = many(AttributeSchema)


class SourceSchema(ma.Schema):
    """Whose record it is (our profile)."""

    name = words(required=True)
    title = words()
    licence = words()
    url = uri()
    checked = words("When the source published it.")
