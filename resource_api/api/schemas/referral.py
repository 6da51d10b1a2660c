"""What a referral takes and gives."""

from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import validate

from resource_api.api.arguments import BodyArgs
from resource_api.api.limits import flag, shaped, text
from resource_api.api.schemas.search import Moment
from resource_api.referrals.codes import CONSENT_SCOPES, NEED_MET, PRIORITIES, PURPOSES, REASON_CODES
from resource_api.referrals.states import STATUSES

MOST_LISTED = 20
LONGEST = 4_000
_ID = r"^[A-Za-z0-9-]{1,60}$"
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def record_id(**options: Any) -> ma.fields.String:
    """Make a field for the id of a record."""
    return shaped(_ID, "is no id", max_length=60, **options)


def choice(choices: tuple[str, ...], **options: Any) -> ma.fields.String:
    """Make a field for one of some words."""
    return text(max_length=40, validate=validate.OneOf(choices), **options)


def _language(**options: Any) -> ma.fields.String:
    return shaped(_LANGUAGE, "is not a BCP 47 language tag, such as es", max_length=35, **options)


def _listed(field: ma.fields.Field[Any], **options: Any) -> "ma.fields.List[Any]":
    return ma.fields.List(field, validate=validate.Length(max=MOST_LISTED), **options)


class Day(ma.fields.Date):
    """A day, as ISO 8601 writes it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or len(value) != 10:
            raise ma.ValidationError("is not a date such as 2026-01-31")
        return super()._deserialize(value, attr, data, **kwargs)


def words(**options: Any) -> ma.fields.String:
    """Make a field for what somebody writes."""
    return text(max_length=LONGEST, validate=validate.Length(min=1), **options)


class IdentifierBody(BodyArgs):
    """What somebody calls a person or a referral, and whose numbering that is."""

    system = text(required=True, max_length=200, validate=validate.Length(min=1))
    value = text(required=True, max_length=200, validate=validate.Length(min=1))


class NameBody(BodyArgs):
    """What somebody is called."""

    given = text(required=True, max_length=200, validate=validate.Length(min=1))
    family = text(required=True, max_length=200, validate=validate.Length(min=1))


class ContactSafetyBody(BodyArgs):
    """How the person can be reached without harm."""

    hours = text(max_length=200)
    never_say = text(max_length=500)
    call = flag()
    voicemail = flag()
    text = flag()


class ContactBody(BodyArgs):
    """How to reach the person; null takes away what was known."""

    phone = text(max_length=40, allow_none=True)
    email = text(max_length=254, allow_none=True)
    language = _language(allow_none=True)
    contact_safety = ma.fields.Nested(ContactSafetyBody, allow_none=True)


class PatchBody(BodyArgs):
    """What is corrected of a referral."""

    patient = ma.fields.Nested(ContactBody)
    respond_by = Moment(allow_none=True)


class PatientBody(BodyArgs):
    """The person who is referred."""

    name = ma.fields.Nested(NameBody, required=True)
    birth_date = Day()
    phone = text(max_length=40)
    email = text(max_length=254)
    language = _language()
    identifiers = _listed(ma.fields.Nested(IdentifierBody))
    contact_safety = ma.fields.Nested(ContactSafetyBody)


class ConsentBody(BodyArgs):
    """What the person agreed to."""

    scope = choice(
        CONSENT_SCOPES,
        load_default="referral",
        metadata={"description": "`referral`: all of it; `contact`: the name and how to reach them, no more."},
    )
    recipients = _listed(
        record_id(), metadata={"description": "Ids of the organizations that may know; none: whoever takes it."}
    )
    purpose = choice(PURPOSES, load_default="care-coordination")
    until = Moment()
    evidence = words(metadata={"description": "How the consent was given, and where it is kept."})


class AddressedBody(BodyArgs):
    """Whom a referral is for."""

    service_id = record_id(metadata={"description": "The service that it is for."})
    service_at_location_id = record_id(metadata={"description": "Or one site of a service."})
    need = text(max_length=60, metadata={"description": "Or a need (see /needs), for whoever answers it at `place`."})
    place = text(max_length=20, metadata={"description": "Where the person is: a ZIP code.", "example": "21215"})


class ReferralBody(AddressedBody):
    """Somebody to be referred."""

    patient = ma.fields.Nested(PatientBody, required=True)
    needs = _listed(text(max_length=60), metadata={"description": "What the service is to help with."})
    codes = _listed(
        shaped(r"^[A-Za-z0-9.|-]+$", "is no code", max_length=60),
        metadata={"description": "The same in clinical codes, such as `Z59.41`."},
    )
    identifiers = _listed(
        ma.fields.Nested(IdentifierBody), metadata={"description": "What the sender calls this referral."}
    )
    priority = choice(PRIORITIES, load_default="routine")
    note = words()
    consent = ma.fields.Nested(ConsentBody)
    respond_by = Moment(metadata={"description": "When an answer is due."})
    allow_duplicate = flag(load_default=False)
    test = flag(load_default=False, metadata={"description": "It reaches only what is for testing, and no measure."})


class ReasonBody(BodyArgs):
    """Why."""

    code = choice(REASON_CODES, required=True)
    text = words()


class OutcomeBody(BodyArgs):
    """What came of it."""

    service_given = flag(required=True)
    need_met = choice(NEED_MET, required=True)
    date = Day(required=True)
    note = words()


class TransitionBody(BodyArgs):
    """A move to another state."""

    status = choice(STATUSES, required=True)
    reason = ma.fields.Nested(
        ReasonBody, metadata={"description": "With rejected, on-hold, failed and cancelled; else not."}
    )
    outcome = ma.fields.Nested(OutcomeBody, metadata={"description": "With completed, and only then."})


class StandingSchema(ma.Schema):
    """How a referral stands after an act: nothing that is secret."""

    id = ma.fields.String(required=True)
    status = ma.fields.String(required=True, validate=validate.OneOf(STATUSES))
    version = ma.fields.Integer(required=True)
    seq = ma.fields.Integer(required=True)
    updated_at = ma.fields.String(required=True)
    owner_id = ma.fields.String()
    respond_by = ma.fields.String()
    parent_id = ma.fields.String()
    replaces_id = ma.fields.String()
    test = ma.fields.Boolean()


def _open(**properties: Any) -> ma.fields.Dict:
    return ma.fields.Dict(metadata=properties)


class ReferralSchema(ma.Schema):
    """A referral, as much of it as the caller may see: `view` says how much that is."""

    VIEWS: ClassVar = ("full", "summary", "withheld", "former", "shredded")

    id = ma.fields.String(required=True)
    view = ma.fields.String(required=True, validate=validate.OneOf(VIEWS))
    status = ma.fields.String(validate=validate.OneOf(STATUSES))
    version = ma.fields.Integer()
    seq = ma.fields.Integer()
    created_at = ma.fields.String(required=True)
    updated_at = ma.fields.String()
    closed_at = ma.fields.String()
    requester = _open(description="{id, name}")
    owner_id = ma.fields.String()
    service_id = ma.fields.String()
    service_at_location_id = ma.fields.String()
    need = ma.fields.String()
    needs = ma.fields.List(ma.fields.String())
    codes = ma.fields.List(ma.fields.String())
    zip3 = ma.fields.String()
    age_band = ma.fields.String()
    language = ma.fields.String()
    priority = ma.fields.String()
    respond_by = ma.fields.String()
    overdue = ma.fields.Boolean()
    sensitive = ma.fields.Boolean()
    test = ma.fields.Boolean()
    moves = ma.fields.List(ma.fields.String(), metadata={"description": "Where the caller may move it now."})
    reason = _open(description="{code, text}")
    outcome = _open(description="{service_given, need_met, date, note}")
    appointment = _open(description="{start, note}")
    parent_id = ma.fields.String()
    replaces_id = ma.fields.String()
    patient = _open(description="As it was sent; `contact_safety` stands beside `phone`.")
    identifiers = ma.fields.List(_open())
    place = ma.fields.String()
    note = ma.fields.String()
    consent = _open(description="As it was sent; `evidence` only to who sent it.")
    notice = ma.fields.String()
