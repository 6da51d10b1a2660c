"""How somebody is reached: languages, phones and contacts, as HSDS has them."""

import marshmallow as ma

from resource_api.api.schemas.record import RecordSchema, many, uuid, words


class LanguageSchema(RecordSchema):
    """A language that is spoken or interpreted."""

    service_id = uuid()
    location_id = uuid()
    phone_id = uuid()
    name = words()
    code = words("ISO 639-1, 639-2 or 639-3.")
    note = words()


class PhoneSchema(RecordSchema):
    """A phone number."""

    location_id = uuid()
    service_id = uuid()
    organization_id = uuid()
    contact_id = uuid()
    service_at_location_id = uuid()
    number = words(required=True)
    extension = ma.fields.Float()
    extension_text = words("An extension that is no number, such as 0123 (our profile).")
    type = words()
    description = words()
    languages = many(LanguageSchema)


class ContactSchema(RecordSchema):
    """A person, or a role."""

    organization_id = uuid()
    service_id = uuid()
    service_at_location_id = uuid()
    location_id = uuid()
    name = words()
    title = words()
    department = words()
    email = ma.fields.Email()
    phones = many(PhoneSchema)
