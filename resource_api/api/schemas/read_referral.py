"""How the bodies of referrals are read into the values that the room takes."""

from typing import Any

from resource_api.referrals.patch import Patch
from resource_api.referrals.referral import (
    Addressee,
    Consent,
    ContactSafety,
    Identifier,
    NewReferral,
    Outcome,
    Patient,
    Reason,
    Transition,
)
from resource_api.referrals.split import Part

JSON = dict[str, Any]


def read_new(body: JSON) -> NewReferral:
    """Read a new referral."""
    return NewReferral(
        to=read_addressee(body),
        patient=read_person(body["patient"]),
        needs=tuple(body.get("needs", ())),
        codes=tuple(body.get("codes", ())),
        identifiers=_read_identifiers(body.get("identifiers", ())),
        priority=body["priority"],
        note=body.get("note"),
        consent=read_consent(body.get("consent")),
        respond_by=body.get("respond_by"),
        allow_duplicate=body["allow_duplicate"],
        test=body["test"],
    )


def read_addressee(body: JSON) -> Addressee:
    """Read whom a referral is for."""
    return Addressee(
        service_id=body.get("service_id"),
        service_at_location_id=body.get("service_at_location_id"),
        need=body.get("need"),
        place=body.get("place"),
    )


def read_person(body: JSON) -> Patient:
    """Read a person."""
    safety = body.get("contact_safety")
    return Patient(
        given=body["name"]["given"],
        family=body["name"]["family"],
        birth_date=body.get("birth_date"),
        phone=body.get("phone"),
        email=body.get("email"),
        language=body.get("language"),
        identifiers=_read_identifiers(body.get("identifiers", ())),
        contact_safety=ContactSafety(**safety) if safety is not None else None,
    )


def read_consent(body: JSON | None) -> Consent | None:
    """Read what the person agreed to."""
    return Consent(**body | {"recipients": tuple(body.get("recipients", ()))}) if body is not None else None


def read_transition(body: JSON) -> Transition:
    """Read a move to another state."""
    reason, outcome = body.get("reason"), body.get("outcome")
    return Transition(
        status=body["status"],
        reason=Reason(**reason) if reason is not None else None,
        outcome=Outcome(**outcome) if outcome is not None else None,
    )


def read_patch(body: JSON) -> Patch:
    """Read what is corrected of a referral."""
    given = dict(body.get("patient", {}))
    if "respond_by" in body:
        given["respond_by"] = body["respond_by"]
    named = frozenset(given)
    if given.get("contact_safety") is not None:
        given["contact_safety"] = ContactSafety(**given["contact_safety"])
    return Patch(named, **given)


def read_part(body: JSON) -> Part:
    """Read a part that a referral is split into."""
    return Part(
        to=read_addressee(body),
        needs=tuple(body.get("needs", ())),
        note=body.get("note"),
        consent=read_consent(body.get("consent")),
        respond_by=body.get("respond_by"),
        allow_duplicate=body["allow_duplicate"],
    )


def read_identifier(body: JSON | None) -> Identifier | None:
    """Read one identifier."""
    return Identifier(**body) if body is not None else None


def _read_identifiers(bodies: Any) -> tuple[Identifier, ...]:
    return tuple(Identifier(**each) for each in bodies)
