"""HOW A REFERRAL GOES ON: accepted, refused, under way, done; by whom the state table lets."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import BadInput
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.act import begin, check_version, close_part, finish, offered_to
from resource_api.referrals.events import append_event
from resource_api.referrals.index_parties import index_for_owner
from resource_api.referrals.person import forget_person
from resource_api.referrals.referral import Transition
from resource_api.referrals.seal import key_of, seal_json
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
    offered = offered_to(session, referral.id) if referral.owner_id is None else set()
    type = f"referral.{transition.status}"
    finish(session, grants, referral, "referral.transition", told=type, also=offered, now=now)
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
        if referral.owner_id != referral.requester_id:
            forget_person(session, referral.id, referral.owner_id)
    elif transition.status in ("accepted", "entered-in-error"):
        index_for_owner(session, keyring, referral, key, now=now)


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
