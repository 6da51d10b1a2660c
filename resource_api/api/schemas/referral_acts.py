"""What the acts on a referral take and give."""

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs
from resource_api.api.limits import flag, text
from resource_api.api.schemas.referral import (
    MOST_LISTED,
    AddressedBody,
    ConsentBody,
    StandingSchema,
    record_id,
    words,
)
from resource_api.api.schemas.search import Moment

MOST_CHILDREN = 10


class ClaimBody(BodyArgs):
    """For which of the caller's services a referral is taken on."""

    service_id = record_id(metadata={"description": "One that answers the need there; the first such without."})


class MessageBody(BodyArgs):
    """Something to say to the other side."""

    text = words(required=True)


class AppointmentBody(BodyArgs):
    """When the person is expected."""

    start = Moment(required=True)
    note = words()


class ReassignBody(AddressedBody):
    """Whom a referral is for now."""

    consent = ma.fields.Nested(
        ConsentBody, metadata={"description": "What the person agrees to now, if not as before."}
    )


class ReReferBody(ReassignBody):
    """Whom the person is referred to again."""

    note = words()
    respond_by = Moment()


class PartBody(ReReferBody):
    """A part of a referral, and whom it is for."""

    needs = ma.fields.List(text(max_length=60), validate=validate.Length(max=MOST_LISTED))
    allow_duplicate = flag(load_default=False)


class SplitBody(BodyArgs):
    """The parts of a referral."""

    children = ma.fields.List(
        ma.fields.Nested(PartBody), required=True, validate=validate.Length(min=1, max=MOST_CHILDREN)
    )


class SplitSchema(StandingSchema):
    """A referral, and what was made of its parts."""

    children = ma.fields.List(ma.fields.Nested(StandingSchema), required=True)
