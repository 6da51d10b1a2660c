"""What webhooks, deliveries, referral addresses and replies take, and how they are shown."""

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs, QueryArgs
from resource_api.api.context import LANGUAGES
from resource_api.api.limits import flag, text, whole_number
from resource_api.api.schemas.record import many, moment, one_of, uuid, words
from resource_api.api.schemas.referral import TransitionBody
from resource_api.delivery.codes import EVENT_TYPES, EVERY_TYPE, STATES
from resource_api.delivery.sign import SIGNINGS

DEFAULT_LIMIT = 50
MOST_LIMIT = 200
MAX_URL = 2_000
CODE_PATTERN = "^[0-9]{6}$"
# Whether it is an address is found out by writing to it; this much keeps it one, and a header's line whole.
_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}$"


def _wholly(pattern: str, error: str) -> validate.Regexp:
    """Check that a text is of a pattern to its very end: to Python, `$` may have a line's end behind it."""
    return validate.Regexp(pattern.removesuffix("$") + r"\Z", error=error)


def _code() -> ma.fields.String:
    is_code = _wholly(CODE_PATTERN, "is not six digits")
    return text(required=True, max_length=6, validate=is_code, metadata={"pattern": CODE_PATTERN})


def _one_event_type() -> ma.fields.String:
    return ma.fields.String(validate=validate.OneOf((*EVENT_TYPES, EVERY_TYPE)))


class WebhookBody(BodyArgs):
    """Where to send which events."""

    url = text(
        required=True,
        max_length=MAX_URL,
        metadata={
            "description": "https, at port 443 or 8443 of a public machine.",
            "example": "https://ehr.example/in",
        },
    )
    types = ma.fields.List(
        _one_event_type(),
        load_default=[EVERY_TYPE],
        validate=validate.Length(min=1, max=len(EVENT_TYPES) + 1),
        metadata={"description": "Event types; `*` is all of them."},
    )
    signing = text(
        load_default="v1",
        validate=validate.OneOf(SIGNINGS),
        metadata={"description": "`v1`: HMAC-SHA256 with a shared secret; `v1a`: Ed25519 with a public key."},
    )
    test = flag(load_default=False, metadata={"description": "Only test referrals are told of here."})


class WebhookSchema(ma.Schema):
    """A webhook."""

    id = uuid(required=True)
    url = words(required=True)
    types = ma.fields.List(_one_event_type(), required=True)
    signing = one_of(*SIGNINGS, required=True)
    test = ma.fields.Boolean(required=True)
    created_at = moment(required=True)
    disabled_at = moment()
    disabled_reason = words("Why nothing more is sent: `gone`, since the receiver answered 410.")
    previous_until = moment(metadata={"description": "Until when the key before signs too."})


class NewWebhookSchema(WebhookSchema):
    """A webhook with the key that its receiver verifies with."""

    secret = words("For v1: `whsec_…`, shown this once.")
    public_key = words("For v1a: `whpk_…`.")


class WebhooksSchema(ma.Schema):
    """A client's webhooks."""

    webhooks = many(WebhookSchema)


class QueuedSchema(ma.Schema):
    """What was queued."""

    delivery_id = uuid("The webhook-id that it will have.", required=True)


class DeliveriesArgs(QueryArgs):
    """Which deliveries are wanted."""

    state = text(validate=validate.OneOf(STATES), metadata={"description": "In which state; `dead` was given up."})
    webhook_id = text(max_length=100, metadata={"description": "Only those of one webhook."})
    cursor = text(max_length=100, metadata={"description": "`next_cursor` of the page before."})
    limit = whole_number(1, MOST_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "How many on a page."})


class DeliverySchema(ma.Schema):
    """One delivery, and how it went so far."""

    id = uuid("Also the `webhook-id` of every attempt.", required=True)
    webhook_id = uuid(required=True)
    type = words(required=True)
    referral_id = uuid()
    seq = ma.fields.Integer()
    version = ma.fields.Integer()
    state = one_of(*STATES, required=True)
    reason = words("A code: why it failed, was parked or cancelled.")
    attempts = ma.fields.Integer(required=True)
    last_status = ma.fields.Integer()
    created_at = moment(required=True)
    next_at = moment(metadata={"description": "When it is tried again."})
    delivered_at = moment()
    replayed_at = moment()


class DeliveriesSchema(ma.Schema):
    """A page of deliveries, the oldest first."""

    deliveries = many(DeliverySchema)
    next_cursor = words("Where the next page begins; absent on the last.")


class ReplayBody(BodyArgs):
    """Which dead deliveries to send once more: all of them, or those of one webhook or of a while."""

    webhook_id = text(max_length=100, metadata={"description": "Only those of one webhook."})
    since = moment(metadata={"description": "Only those queued at or after this."})
    until = moment(metadata={"description": "Only those queued before this."})


class ReplayedSchema(ma.Schema):
    """How many were queued once more."""

    replayed = ma.fields.Integer(required=True)
    more = ma.fields.Boolean(required=True, metadata={"description": "Whether to ask again for the rest."})


class AddressBody(BodyArgs):
    """Where an organization without a system takes referrals."""

    email = text(
        required=True,
        max_length=254,
        validate=_wholly(_EMAIL, "is no e-mail address"),
        metadata={"pattern": _EMAIL, "example": "referrals@pantry.example"},
    )
    language = text(
        load_default="en", validate=validate.OneOf(LANGUAGES), metadata={"description": "Of the letters to it."}
    )


class ReferralAddressSchema(ma.Schema):
    """A referral address."""

    id = uuid(required=True)
    email = words(required=True)
    language = words(required=True)
    created_at = moment(required=True)
    confirmed_at = moment(metadata={"description": "Nothing is sent before its holder has confirmed it."})


class ReferralAddressesSchema(ma.Schema):
    """An organization's referral addresses."""

    addresses = many(ReferralAddressSchema)


class ConfirmationSchema(ma.Schema):
    """What the holder of an address is asked to confirm."""

    organization = words(required=True)
    confirmed = ma.fields.Boolean(required=True)


class ReplySchema(ma.Schema):
    """What a link alone shows of a referral."""

    needs = ma.fields.List(ma.fields.String(), required=True)
    sender = words("Who sent it.")
    organization = words("Who is asked.", required=True)
    respond_by = moment()
    language = words("Of the letters to this address.", required=True)


class CodeBody(BodyArgs):
    """The code that was sent to the address."""

    code = _code()


class ReplyTransitionBody(TransitionBody):
    """A move to another state, with the code that was sent to the address."""

    code = _code()
