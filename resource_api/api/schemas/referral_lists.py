"""Which referrals and events are wanted, and how lists of them are given."""

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs, QueryArgs
from resource_api.api.cursor import MAX_CURSOR
from resource_api.api.limits import MAX_PER_PAGE, flag, text, whole_number
from resource_api.api.schemas.referral import IdentifierBody, ReferralSchema, choice, record_id
from resource_api.api.schemas.search import Moment
from resource_api.referrals.states import STATUSES


class ReferralListArgs(QueryArgs):
    """Which referrals are wanted."""

    status = ma.fields.List(
        choice(STATUSES), validate=validate.Length(max=len(STATUSES)), metadata={"description": "Any of these."}
    )
    need = text(max_length=60)
    organization_id = record_id(metadata={"description": "With this organization on the other side."})
    identifier = text(max_length=401, metadata={"description": "`system|value`: what the sender calls the referral."})
    updated_after = Moment(metadata={"description": "Changed at or after this time."})
    overdue = flag(metadata={"description": "Nobody has answered in time."})
    cursor = text(max_length=MAX_CURSOR, metadata={"description": "`next` of the page before."})
    per_page = whole_number(1, MAX_PER_PAGE, load_default=20)


class ReferralSearchBody(BodyArgs):
    """A person whose referrals are wanted; in the body, so that no URL tells."""

    identifier = ma.fields.Nested(IdentifierBody)
    phone = text(max_length=40, validate=validate.Length(min=1))
    email = text(max_length=254, validate=validate.Length(min=1))
    per_page = whole_number(1, MAX_PER_PAGE, load_default=20)
    cursor = text(max_length=MAX_CURSOR)


class EventsArgs(QueryArgs):
    """From where on events are wanted."""

    after = text(max_length=40, metadata={"description": "`after` of the last answer; from the beginning without."})
    limit = whole_number(1, 1_000, load_default=100)


class ReferralPageSchema(ma.Schema):
    """Some referrals, the longest unchanged first; `next` leads on."""

    contents = ma.fields.List(ma.fields.Nested(ReferralSchema), required=True)
    next = ma.fields.String()


class EventSchema(ma.Schema):
    """One thing that happened to a referral."""

    seq = ma.fields.Integer(required=True)
    type = ma.fields.String(required=True)
    at = ma.fields.String(required=True)
    version = ma.fields.Integer()
    status = ma.fields.String()
    organization_id = ma.fields.String()
    reason_code = ma.fields.String()
    detail = ma.fields.Dict(metadata={"description": "What was said, where the caller may see it."})


class HistorySchema(ma.Schema):
    """All that happened to a referral, as far as the caller may know."""

    events = ma.fields.List(ma.fields.Nested(EventSchema), required=True)


class ThinEventSchema(ma.Schema):
    """That something happened to a referral."""

    type = ma.fields.String(required=True)
    referral_id = ma.fields.String(required=True)
    seq = ma.fields.Integer(required=True)
    version = ma.fields.Integer(required=True)
    at = ma.fields.String(required=True)


class FeedSchema(ma.Schema):
    """Events in their order, and the cursor after the last of them."""

    events = ma.fields.List(ma.fields.Nested(ThinEventSchema), required=True)
    after = ma.fields.String(required=True)
