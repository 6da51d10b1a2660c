"""HOW A REFERRAL GOES ON: accepted, refused, under way, done; by whom the state table lets."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import BadInput
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.act import begin, check_version, close_part, finish, offered_to, withdraw_offers
from resource_api.referrals.consent import consent_of, may_see_person
from resource_api.referrals.events import append_event
from resource_api.referrals.person import forget_person, index_person, read_identifiers, read_patient
from resource_api.referrals.referral import Transition
from resource_api.referrals.seal import key_of, open_json, seal_json
from resource_api.referrals.states import NEEDS_OUTCOME, NEEDS_REASON, TERMINAL, check_move, check_side
from resource_api.referrals.tables import Referral


def move(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    transition: Transition,
    *,
    if_match: int | None,
    now: datetime,
) -> Referral:
    """Move a referral to another state.

    Raises NotFound, NotAllowed where that state is not for this side to set, NotFresh or Stale, IllegalMove, and
    BadInput where the move does not say why, or what came of it.
    """
    acting = begin(session, grants, referral_id, as_one_of=("requester", "target"))
    referral = acting.referral
    check_side(transition.status, acting.sides)
    check_version(referral, if_match)
    check_move(referral.status, transition.status, acting.sides)
    _check_said(transition)
    key = key_of(keyring, referral)
    apply_move(session, keyring, grants, referral, key, transition, now=now)
    type = f"referral.{transition.status}"
    finish(session, grants, referral, "referral.transition", told=type, also=_offered(session, referral), now=now)
    return referral


def apply_move(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral: Referral,
    key: RecordKey,
    transition: Transition,
    *,
    now: datetime,
) -> None:
    """Write a legal move onto a locked referral, and its event."""
    reason, outcome = transition.reason, transition.outcome
    referral.status = transition.status
    referral.reason_code = reason.code if reason else None
    referral.reason_text = seal_json(key, reason.text if reason else None, column="reason_text", row=referral.id)
    if outcome is not None:
        referral.service_given = outcome.service_given
        referral.need_met = outcome.need_met
        referral.outcome_date = outcome.date.isoformat()
        referral.outcome_note = seal_json(key, outcome.note, column="outcome_note", row=referral.id)
    if transition.status in TERMINAL:
        referral.closed_at = now
    detail: dict[str, Any] = {}
    if reason is not None and reason.text:
        detail["reason"] = reason.text
    if outcome is not None:
        detail["outcome"] = {"service_given": outcome.service_given, "need_met": outcome.need_met}
    append_event(
        session,
        key,
        referral,
        f"referral.{transition.status}",
        by=grants,
        now=now,
        changes=True,
        detail=detail,
        reason_code=referral.reason_code,
    )
    if transition.status == "rejected":
        close_part(session, referral, now=now)
    if transition.status in ("rejected", "entered-in-error") and referral.owner_id not in (None, referral.requester_id):
        forget_person(session, referral.id, referral.owner_id)
    elif transition.status == "accepted":
        index_for_owner(session, keyring, referral, key, now=now)


def index_for_owner(session: Session, keyring: Keyring, referral: Referral, key: RecordKey, *, now: datetime) -> None:
    """Let whom a referral is addressed to find it by its person, where it may see that person."""
    owner = referral.owner_id
    if owner in (None, referral.requester_id) or owner is None:
        return
    if not may_see_person(referral, consent_of(session, referral.id), owner, now):
        return
    forget_person(session, referral.id, owner)
    patient = read_patient(open_json(key, referral.patient, column="patient", row=referral.id))
    identifiers = read_identifiers(open_json(key, referral.identifiers, column="identifiers", row=referral.id))
    index_person(session, keyring, referral.id, owner, patient, identifiers)


def _offered(session: Session, referral: Referral) -> set[str]:
    """List those that an unowned referral was offered to, who are to learn that it ended; and offer it no longer."""
    if referral.owner_id is not None:
        return set()
    offered = offered_to(session, referral.id)
    withdraw_offers(session, referral.id)
    return offered


def _check_said(transition: Transition) -> None:
    status = transition.status
    if status in NEEDS_REASON and transition.reason is None:
        raise BadInput(f"A referral that is {status} has a reason", field="reason", hint="a reason.code, and text")
    if transition.reason is not None and status not in NEEDS_REASON | {"entered-in-error"}:
        raise BadInput(f"A referral that is {status} needs no reason", field="reason", hint="leave it out")
    if transition.reason is not None and transition.reason.code == "other" and not transition.reason.text:
        raise BadInput("`other` has to say what", field="reason.text", hint="a few words")
    if status in NEEDS_OUTCOME and transition.outcome is None:
        raise BadInput(
            f"A referral that is {status} has an outcome", field="outcome", hint="service_given, need_met, date"
        )
    if transition.outcome is not None and status not in NEEDS_OUTCOME:
        raise BadInput(f"A referral that is {status} has no outcome yet", field="outcome", hint="leave it out")
