"""WHAT THE SIDES SAY TO EACH OTHER: words that change nothing, and an appointment that does."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import Conflict
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import begin, check_version, finish
from resource_api.referrals.consent import consent_of, is_over
from resource_api.referrals.events import append_event
from resource_api.referrals.seal import key_of, seal_json
from resource_api.referrals.tables import Referral

_BOOKABLE = ("accepted", "in-progress", "on-hold")


@dataclass(frozen=True, slots=True)
class Appointment:
    """When somebody is expected."""

    start: datetime
    note: str | None = None


def send_message(
    session: Session, keyring: Keyring, grants: Grants, referral_id: str, text: str, *, now: datetime
) -> Referral:
    """Say something to the other side. It moves `seq`, not the version.

    Raises NotFound, NotAllowed, or Conflict where there is nobody on the other side, or who may be told nothing.
    """
    referral = begin(session, grants, referral_id, as_one_of=("requester", "target")).referral
    _check_heard(session, referral, now)
    key = key_of(keyring, referral)
    append_event(session, key, referral, "referral.message", by=grants, now=now, changes=False, detail={"text": text})
    finish(session, grants, referral, "referral.message", told="referral.message", now=now)
    return referral


def set_appointment(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    appointment: Appointment,
    *,
    if_match: int | None,
    now: datetime,
) -> Referral:
    """Say when the person is expected. Raises NotFound, NotAllowed, NotFresh, Stale or Conflict."""
    referral = begin(session, grants, referral_id, as_one_of=("requester", "target")).referral
    check_version(referral, if_match)
    _check_heard(session, referral, now)
    if referral.status not in _BOOKABLE:
        raise Conflict(f"The referral is {referral.status}: an appointment is made once it is accepted, until its end")
    key = key_of(keyring, referral)
    written = {"start": appointment.start.isoformat()} | ({"note": appointment.note} if appointment.note else {})
    referral.appointment = seal_json(key, written, column="appointment", row=referral.id)
    append_event(session, key, referral, "referral.appointment", by=grants, now=now, changes=True, detail=written)
    finish(session, grants, referral, "referral.appointment", told="referral.appointment", now=now)
    return referral


def _check_heard(session: Session, referral: Referral, now: datetime) -> None:
    if referral.owner_id is None or referral.status == "rejected":
        raise Conflict("Nobody is on the other side of this referral now")
    if is_over(consent_of(session, referral.id), now):
        raise Conflict("The person's consent is over: nothing more is said of them here", hint="telephone")
