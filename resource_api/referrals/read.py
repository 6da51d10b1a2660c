"""WHAT A CALLER MAY SEE of a referral that it may know of. Every look is audited in the same transaction.

Five views. `full`: the person and every word. `summary`, before anybody may see the person: the need, the first three
digits of the ZIP, the age band, language, priority and sender. `withheld`, once the person has taken the consent back:
how it stands. `former`: that it is there. `shredded`: what is left after its time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.access.tables import Participant
from resource_api.directory.lookup import write_time
from resource_api.privacy.audit import record
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.consent import is_over, may_see_person
from resource_api.referrals.seal import key_of, open_json
from resource_api.referrals.states import legal_moves
from resource_api.referrals.tables import Referral, ReferralConsent, ReferralEvent, ReferralParty
from resource_api.referrals.visible import is_current, sides_of

JSON = dict[str, Any]
View = Literal["full", "summary", "withheld", "former", "shredded"]

NOTICE = (
    "Confidential. If these are records of substance use disorder treatment: "
    "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
)


def read_referral(session: Session, keyring: Keyring, grants: Grants, referral: Referral, *, now: datetime) -> JSON:
    """Read one referral for a caller. Raises Unreadable where what is kept was altered."""
    [found] = read_referrals(session, keyring, grants, [referral], what="referral.read", now=now)
    return found


def read_referrals(
    session: Session, keyring: Keyring, grants: Grants, referrals: Sequence[Referral], *, what: str, now: datetime
) -> list[JSON]:
    """Read some referrals for a caller; one audit row names them all."""
    ids = [referral.id for referral in referrals]
    consents = _by_referral(session, ReferralConsent, ReferralConsent.referral_id.in_(ids))
    mine = ReferralParty.organization_id == grants.organization_id
    parties = _by_referral(session, ReferralParty, ReferralParty.referral_id.in_(ids) & mine)
    names = _names(session, {referral.requester_id for referral in referrals})
    written = [
        _write(keyring, grants, each, consents.get(each.id), parties.get(each.id), names, now) for each in referrals
    ]
    record(session, grants.caller.agent, "R", what, now=now, kind="referral", ids=ids)
    return written


def view_of(
    grants: Grants, referral: Referral, consent: ReferralConsent | None, party: ReferralParty | None, now: datetime
) -> View:
    """Tell how much of a referral a caller sees who may know of it."""
    mine = grants.as_requester and referral.requester_id == grants.organization_id
    if mine or grants.everything:
        return "full" if referral.data_key is not None else "shredded"
    if party is not None and not is_current(referral, party, grants.organization_id):
        return "former"
    if referral.data_key is None:
        return "shredded"
    if is_over(consent, now) or referral.status == "entered-in-error":
        return "withheld"
    return "full" if party is not None and may_see_person(referral, consent, party.organization_id, now) else "summary"


def write_events(
    session: Session, keyring: Keyring, grants: Grants, referral: Referral, events: Iterable[Any], *, now: datetime
) -> list[JSON]:
    """Write the events of one referral for a caller, with what was said where it may be seen; and audit the look."""
    consents = _by_referral(session, ReferralConsent, ReferralConsent.referral_id == referral.id)
    party = None
    if grants.organization_id is not None:
        party = session.get(ReferralParty, (referral.id, grants.organization_id))
    view = view_of(grants, referral, consents.get(referral.id), party, now)
    key = key_of(keyring, referral) if referral.data_key is not None else None
    written = []
    for event in events:
        own = event.organization_id is not None and event.organization_id == grants.organization_id
        out = {"seq": event.seq, "type": event.type, "at": write_time(event.at)}
        if view != "former" or own:
            out |= {"version": event.version, "status": event.status, "organization_id": event.organization_id}
            out |= {"reason_code": event.reason_code}
        if key is not None and (view == "full" or own):
            row = f"{referral.id}/{event.seq}"
            out["detail"] = open_json(key, event.detail, table=ReferralEvent.__tablename__, column="detail", row=row)
        written.append(_known(out))
    record(session, grants.caller.agent, "R", "referral.events", now=now, kind="referral", ids=(referral.id,))
    return written


def write_thin_event(event: Any) -> JSON:
    """Write an event of the feed: what happened to which referral, and no more."""
    return {
        "type": event.type,
        "referral_id": event.referral_id,
        "seq": event.seq,
        "version": event.version,
        "at": write_time(event.at),
    }


def write_standing(referral: Referral) -> JSON:
    """Write how a referral stands after an act of the caller's: nothing that is secret."""
    return _known(
        {
            "id": referral.id,
            "status": referral.status,
            "version": referral.version,
            "seq": referral.seq,
            "updated_at": write_time(referral.updated_at),
            "owner_id": referral.owner_id,
            "respond_by": referral.respond_by and write_time(referral.respond_by),
            "parent_id": referral.parent_id,
            "replaces_id": referral.replaces_id,
            "test": referral.test or None,
        }
    )


def is_overdue(referral: Referral, now: datetime) -> bool:
    """Tell whether nobody has answered in time."""
    return referral.status == "requested" and referral.respond_by is not None and referral.respond_by <= now


def _write(
    keyring: Keyring,
    grants: Grants,
    referral: Referral,
    consent: ReferralConsent | None,
    party: ReferralParty | None,
    names: dict[str, str],
    now: datetime,
) -> JSON:
    view = view_of(grants, referral, consent, party, now)
    out: JSON = {"id": referral.id, "view": view}
    if view == "former":
        return out | {"created_at": write_time(referral.created_at)}
    sides = sides_of(grants, referral, party)
    out |= {
        "status": referral.status,
        "version": referral.version,
        "created_at": write_time(referral.created_at),
        "updated_at": write_time(referral.updated_at),
        "requester": {"id": referral.requester_id, "name": names.get(referral.requester_id)},
        "test": referral.test or None,
    }
    if party is not None or view != "summary":
        out |= {"service_id": referral.service_id, "service_at_location_id": referral.service_at_location_id}
        out |= {"owner_id": referral.owner_id, "moves": list(legal_moves(referral.status, sides))}
    if view == "withheld":
        return _known(out)
    out |= {
        "need": referral.need,
        "zip3": referral.zip3,
        "age_band": referral.age_band,
        "language": referral.language,
        "priority": referral.priority,
        "respond_by": referral.respond_by and write_time(referral.respond_by),
        "overdue": is_overdue(referral, now),
    }
    if view == "summary":
        # Whom it is addressed to may know for what; to whom it is only offered, that is `need`.
        return _known(out | ({"needs": referral.needs.split()} if party is not None else {}))
    out |= {
        "seq": referral.seq,
        "closed_at": referral.closed_at and write_time(referral.closed_at),
        "needs": referral.needs.split(),
        "codes": referral.codes.split(),
        "sensitive": referral.sensitive or None,
        "parent_id": referral.parent_id,
        "replaces_id": referral.replaces_id,
        "reason": _known({"code": referral.reason_code}),
        "outcome": _write_outcome(referral),
    }
    if view == "shredded":
        return _known(out)
    return _known(out | _write_secrets(key_of(keyring, referral), referral, consent, requester="requester" in sides))


def _write_secrets(key: RecordKey, referral: Referral, consent: ReferralConsent | None, *, requester: bool) -> JSON:
    def opened(column: str) -> Any:
        return open_json(key, getattr(referral, column), column=column, row=referral.id)

    patient = opened("patient")
    out: JSON = {"patient": patient}
    if consent is not None:
        out["consent"] = _write_consent(key, referral, consent, evidence=requester)
        if consent.scope == "contact" and not requester:
            out["patient"] = {
                name: patient[name] for name in ("name", "phone", "language", "contact_safety") if name in patient
            }
            return out
    out |= {name: opened(name) for name in ("identifiers", "place", "note", "appointment")}
    reason, outcome_note = opened("reason_text"), opened("outcome_note")
    if referral.reason_code:
        out["reason"] = _known({"code": referral.reason_code, "text": reason})
    if outcome_note:
        out["outcome"] = _write_outcome(referral) | {"note": outcome_note}
    if referral.sensitive and not requester:
        out["notice"] = NOTICE
    return out


def _write_consent(key: RecordKey, referral: Referral, consent: ReferralConsent, *, evidence: bool) -> JSON:
    out = {
        "scope": consent.scope,
        "purpose": consent.purpose,
        "recipients": consent.recipients.split(),
        "until": consent.until and write_time(consent.until),
        "given_at": write_time(consent.given_at),
        "revoked_at": consent.revoked_at and write_time(consent.revoked_at),
    }
    if evidence and consent.evidence is not None:
        table = ReferralConsent.__tablename__
        out["evidence"] = key.open(consent.evidence, table=table, column="evidence", row=referral.id)
    return _known(out)


def _write_outcome(referral: Referral) -> JSON:
    return _known(
        {"service_given": referral.service_given, "need_met": referral.need_met, "date": referral.outcome_date}
    )


def _known(out: JSON) -> JSON:
    return {name: value for name, value in out.items() if value is not None and value != {} and value != []}


def _by_referral(session: Session, kind: Any, clause: Any) -> dict[str, Any]:
    return {row.referral_id: row for row in session.scalars(select(kind).where(clause))}


def _names(session: Session, ids: set[str]) -> dict[str, str]:
    rows = session.execute(select(Participant.id, Participant.name).where(Participant.id.in_(ids)))
    return {row.id: row.name for row in rows}
