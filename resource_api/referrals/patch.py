"""HOW A REFERRAL IS CORRECTED: how to reach the person, and when an answer is due; by who sent it."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import BadInput
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import begin, check_open, check_version, finish
from resource_api.referrals.events import append_event
from resource_api.referrals.index_parties import index_for_owner
from resource_api.referrals.person import (
    forget_person,
    index_person,
    read_identifiers,
    read_patient,
    write_patient,
)
from resource_api.referrals.referral import ContactSafety
from resource_api.referrals.seal import key_of, open_json, seal_json
from resource_api.referrals.tables import Referral


@dataclass(frozen=True, slots=True)
class Patch:
    """What is corrected: the fields in `named`; None takes a value away."""

    named: frozenset[str]
    phone: str | None = None
    email: str | None = None
    language: str | None = None
    contact_safety: ContactSafety | None = None
    respond_by: datetime | None = None


def patch_referral(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    patch: Patch,
    *,
    if_match: int | None,
    now: datetime,
) -> Referral:
    """Correct a referral that is open. Raises NotFound, NotAllowed, NotFresh, Stale, Conflict or BadInput."""
    referral = begin(session, grants, referral_id, as_one_of=("requester",)).referral
    check_version(referral, if_match)
    check_open(referral)
    if not patch.named:
        raise BadInput("Nothing is to be changed", field="patient", hint="patient.phone, for instance, or respond_by")
    if patch.respond_by is not None and patch.respond_by <= now:
        raise BadInput("This time is over already", field="respond_by", hint="a time still to come")
    key = key_of(keyring, referral)
    if "respond_by" in patch.named:
        referral.respond_by, referral.reminded_at = patch.respond_by, None
    contact = patch.named - {"respond_by"}
    if contact:
        patient = read_patient(open_json(key, referral.patient, column="patient", row=referral.id))
        patient = replace(patient, **{name: getattr(patch, name) for name in contact})
        referral.patient = seal_json(key, write_patient(patient), column="patient", row=referral.id)
        referral.language = patient.language
        identifiers = read_identifiers(open_json(key, referral.identifiers, column="identifiers", row=referral.id))
        forget_person(session, referral.id)
        index_person(session, keyring, referral.id, referral.requester_id, patient, identifiers)
        index_for_owner(session, keyring, referral, key, now=now)
    detail = {"changed": sorted(patch.named)}
    append_event(session, key, referral, "referral.updated", by=grants, now=now, changes=True, detail=detail)
    finish(session, grants, referral, "referral.update", told="referral.updated", now=now)
    return referral
