"""Where something is, as HSDS has it."""

import marshmallow as ma

from resource_api.api.schemas.contact import ContactSchema, LanguageSchema, PhoneSchema
from resource_api.api.schemas.record import RecordSchema, many, one_of, uri, uuid, words
from resource_api.api.schemas.schedule import ScheduleSchema


class AddressSchema(RecordSchema):
    """A postal or street address."""

    location_id = uuid()
    attention = words()
    address_1 = words(required=True)
    address_2 = words()
    city = words(required=True)
    region = words()
    state_province = words(required=True)
    postal_code = words(required=True)
    country = words(required=True)
    address_type = one_of("physical", "postal", "virtual", required=True)


class AccessibilitySchema(RecordSchema):
    """How a location is accessible."""

    location_id = uuid()
    description = words()
    details = words()
    url = uri()


class LocationSchema(RecordSchema):
    """A place; of a confidential one hardly anything is shown."""

    location_type = one_of("physical", "postal", "virtual", required=True)
    confidential = ma.fields.Boolean(metadata={"description": "Where it is must not be known (our profile)."})
    url = uri()
    organization_id = uuid()
    name = words()
    alternate_name = words()
    description = words()
    transportation = words()
    latitude = ma.fields.Float()
    longitude = ma.fields.Float()
    external_identifier = words()
    external_identifier_type = words()
    languages = many(LanguageSchema)
    addresses = many(AddressSchema)
    contacts = many(ContactSchema)
    accessibility = many(AccessibilitySchema)
    phones = many(PhoneSchema)
    schedules = many(ScheduleSchema)
