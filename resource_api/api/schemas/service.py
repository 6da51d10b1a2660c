"""What is offered, and where, as HSDS has it."""

import marshmallow as ma

from resource_api.api.schemas.contact import ContactSchema, LanguageSchema, PhoneSchema
from resource_api.api.schemas.location import LocationSchema
from resource_api.api.schemas.organization import (
    FundingSchema,
    OrganizationSchema,
    ProgramSchema,
    UrlSchema,
)
from resource_api.api.schemas.record import (
    RecordSchema,
    SourceSchema,
    many,
    moment,
    one_of,
    uri,
    uuid,
    words,
)
from resource_api.api.schemas.schedule import ScheduleSchema


class ServiceAreaSchema(RecordSchema):
    """An area that is served."""

    service_id = uuid()
    service_at_location_id = uuid()
    name = words()
    description = words()
    extent = words()
    extent_type = words("`geojson`, `text`, or a level: `nation`, `state`, `county`, `city`, `zip`.")
    uri = words()


class CostOptionSchema(RecordSchema):
    """What it costs."""

    service_id = uuid()
    valid_from = words()
    valid_to = words()
    option = words()
    currency = words()
    amount = ma.fields.Float()
    amount_description = words()


class RequiredDocumentSchema(RecordSchema):
    """A document that must be shown."""

    service_id = uuid()
    document = words()
    uri = uri()


class UnitSchema(RecordSchema):
    """What a capacity is counted in."""

    name = words(required=True)
    scheme = words()
    identifier = words()
    uri = uri()


class ServiceCapacitySchema(RecordSchema):
    """How much there is of something, and how much of it is free."""

    service_id = uuid()
    unit_id = uuid()
    unit = ma.fields.Nested(UnitSchema, required=True)
    available = ma.fields.Float(required=True)
    maximum = ma.fields.Float()
    description = words()
    updated = moment(required=True)


class NeedLinkSchema(ma.Schema):
    """A need that a service answers."""

    need = words("Its slug; see /needs.", required=True)
    certainty = one_of("given", "term", "name", "words", required=True)
    confidence = ma.fields.Integer(metadata={"description": "From 1 to 9: how surely it answers the need."})


class ServiceSchema(RecordSchema):
    """A service; lists leave out what it has many of."""

    organization_id = uuid()
    program_id = uuid()
    name = words(required=True)
    alternate_name = words()
    description = words()
    url = uri()
    additional_urls = many(UrlSchema)
    email = ma.fields.Email()
    status = one_of("active", "inactive", "defunct", "temporarily closed", required=True)
    interpretation_services = words()
    application_process = words()
    fees_description = words()
    wait_time = words()
    fees = words()
    accreditations = words()
    eligibility_description = words()
    minimum_age = ma.fields.Float()
    maximum_age = ma.fields.Float()
    assured_date = words()
    assurer_email = ma.fields.Email()
    licenses = words()
    alert = words()
    last_modified = moment()
    phones = many(PhoneSchema)
    schedules = many(ScheduleSchema)
    service_areas = many(ServiceAreaSchema)
    service_at_locations = many("ServiceAtLocationSchema")
    languages = many(LanguageSchema)
    organization = ma.fields.Nested(OrganizationSchema)
    funding = many(FundingSchema)
    cost_options = many(CostOptionSchema)
    program = ma.fields.Nested(ProgramSchema)
    required_documents = many(RequiredDocumentSchema)
    contacts = many(ContactSchema)
    capacities = many(ServiceCapacitySchema)
    source = ma.fields.Nested(SourceSchema)
    accepts_referrals = one_of("yes", "no", metadata={"description": "Our profile."})
    capacity_status = one_of(
        "capacity",
        "no-capacity",
        "waitlist",
        "additional-assessment-required",
        metadata={"description": "Our profile."},
    )
    availability_until = moment(
        metadata={"description": "When the two above cease to hold, and nothing is known of either (our profile)."}
    )
    availability_note = words("What to know of its availability now (our profile).")
    minimum_age_months = ma.fields.Integer(metadata={"description": "Our profile."})
    maximum_age_months = ma.fields.Integer(metadata={"description": "Our profile."})
    life_stages = ma.fields.List(words(), metadata={"description": "Our profile."})
    needs = ma.fields.List(
        ma.fields.Nested(NeedLinkSchema), metadata={"description": "Needs it answers (our profile)."}
    )


class ServiceAtLocationSchema(RecordSchema):
    """A service at one location."""

    service_id = uuid()
    location_id = uuid()
    description = words()
    service_areas = many(ServiceAreaSchema)
    contacts = many(ContactSchema)
    phones = many(PhoneSchema)
    schedules = many(ScheduleSchema)
    location = ma.fields.Nested(LocationSchema)
    service = ma.fields.Nested(ServiceSchema)
