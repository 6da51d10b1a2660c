"""Who offers services, as HSDS has it."""

import marshmallow as ma

from resource_api.api.schemas.contact import ContactSchema, PhoneSchema
from resource_api.api.schemas.location import LocationSchema
from resource_api.api.schemas.record import RecordSchema, SourceSchema, many, uri, uuid, words


class UrlSchema(RecordSchema):
    """A further web address."""

    organization_id = uuid()
    service_id = uuid()
    label = words()
    url = ma.fields.String(required=True, metadata={"format": "uri"})


class FundingSchema(RecordSchema):
    """Where money comes from."""

    organization_id = uuid()
    service_id = uuid()
    source = words()


class ProgramSchema(RecordSchema):
    """A program that services belong to."""

    organization_id = uuid()
    name = words(required=True)
    alternate_name = words()
    description = words(required=True)


class OrganizationIdentifierSchema(RecordSchema):
    """An identifier that somebody else gave to an organization."""

    organization_id = uuid()
    identifier_scheme = words()
    identifier_type = words(required=True)
    identifier = words(required=True)


class OrganizationSchema(RecordSchema):
    """An organization; lists leave out what it has many of."""

    name = words(required=True)
    alternate_name = words()
    description = words(required=True)
    email = ma.fields.Email()
    website = uri()
    additional_websites = many(UrlSchema)
    tax_status = words()
    tax_id = words()
    year_incorporated = ma.fields.Float()
    legal_status = words()
    logo = words()
    uri = uri()
    parent_organization_id = uuid()
    funding = many(FundingSchema)
    contacts = many(ContactSchema)
    phones = many(PhoneSchema)
    locations = many(LocationSchema)
    programs = many(ProgramSchema)
    organization_identifiers = many(OrganizationIdentifierSchema)
    services = many("ServiceSchema")
    source = ma.fields.Nested(SourceSchema)
