"""What stewards and passers-by say of a service, and what is said of a confidential location to its owner."""

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs, QueryArgs
from resource_api.api.limits import MAX_PER_PAGE, flag, text, whole_number
from resource_api.api.schemas.contact import ContactSchema
from resource_api.api.schemas.location import AddressSchema
from resource_api.api.schemas.record import AttributeSchema, many, moment, one_of, uri, uuid, words
from resource_api.api.schemas.search import CAPACITIES
from resource_api.directory.correction import DECISIONS, FIELDS, KINDS

MAX_NOTE = 2_000


class AvailabilitySchema(BodyArgs):
    """Whether a service takes people now; what is left out is not known."""

    accepts_referrals = text(validate=validate.OneOf(("yes", "no")))
    capacity = text(validate=validate.OneOf(CAPACITIES))
    until = moment(metadata={"description": "After this, nothing is known of it again."})
    note = text(max_length=MAX_NOTE, metadata={"description": "What to know; everybody can read it."})


class NewCorrectionSchema(BodyArgs):
    """What somebody says of a service. Say nothing of a person: the service's stewards read it as it is."""

    kind = text(required=True, validate=validate.OneOf(KINDS))
    field = text(validate=validate.OneOf(FIELDS), metadata={"description": "Which part of the service is wrong."})
    value = text(max_length=MAX_NOTE, metadata={"description": "What `field` should say."})
    note = text(max_length=MAX_NOTE)


class RulingSchema(BodyArgs):
    """What a steward makes of a correction."""

    decision = text(required=True, validate=validate.OneOf(DECISIONS))
    reason = text(max_length=MAX_NOTE)
    apply = flag(
        load_default=True,
        metadata={"description": "Write what is accepted into the record; false where that has been done by hand."},
    )


class CorrectionSchema(ma.Schema):
    """A correction, and what became of it."""

    id = uuid(required=True)
    service_id = uuid(required=True)
    kind = one_of(*KINDS, required=True)
    field = words()
    value = words()
    note = words()
    created_at = moment(required=True)
    state = one_of("open", *DECISIONS, required=True)
    decided_at = moment()
    reason = words()


class SuggestedSchema(ma.Schema):
    """That a correction has been kept for the service's stewards."""

    id = uuid(required=True)
    state = one_of("open", required=True)


class CorrectionArgs(QueryArgs):
    """Which corrections."""

    state = text(validate=validate.OneOf(("open", *DECISIONS)))
    service_id = text(max_length=100)
    after = text(max_length=100, metadata={"description": "Those after the one with this id, as `next` names it."})
    per_page = whole_number(1, MAX_PER_PAGE, load_default=50)


class CorrectionPageSchema(ma.Schema):
    """Corrections, the oldest first."""

    contents = many(CorrectionSchema)
    next = words("The id to ask on `after`, where there may be more.")


class ConfidentialAddressSchema(ma.Schema):
    """Where a confidential location is: all that its public document withholds."""

    name = words()
    alternate_name = words()
    description = words()
    url = uri()
    transportation = words()
    latitude = ma.fields.Float()
    longitude = ma.fields.Float()
    external_identifier = words()
    external_identifier_type = words()
    addresses = many(AddressSchema)
    contacts = many(ContactSchema)
    attributes = many(AttributeSchema)
