"""HOW SOMEBODY IS SENT: one referral, its first event, who is told and who did it, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, insert, or_, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import Base, wait_for_turn
from resource_api.errors import AlreadyReferred, BadInput, NotAllowed
from resource_api.needs import vocabulary
from resource_api.prepared import Prepared
from resource_api.privacy.audit import record
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import offer, open_part, tell_of, whom
from resource_api.referrals.consent import add_consent, check_consent, consent_row
from resource_api.referrals.events import add_event, first_event
from resource_api.referrals.person import (
    SAME_PERSON,
    add_person,
    age_band,
    person_rows,
    write_identifiers,
    write_patient,
)
from resource_api.referrals.referral import NewReferral
from resource_api.referrals.seal import TABLE, seal_json
from resource_api.referrals.sensitive import is_sensitive
from resource_api.referrals.states import OPEN
from resource_api.referrals.tables import Referral, ReferralKey
from resource_api.referrals.target import find_target

_ADD = Prepared(insert(Base.metadata.tables[Referral.__tablename__]))
_SAME = Prepared(
    select(Referral.id)
    .join(ReferralKey, ReferralKey.referral_id == Referral.id)
    .where(
        ReferralKey.organization_id == bindparam("organization"),
        ReferralKey.field == bindparam("field"),
        ReferralKey.blind == bindparam("blind"),
        Referral.requester_id == bindparam("organization"),
        or_(*(Referral.status == status for status in OPEN)),
        Referral.test == bindparam("test"),
        or_(Referral.service_id == bindparam("service"), Referral.need == bindparam("need")),
    )
    .order_by(Referral.created_at)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Ready:
    """A referral that only has to be written: its rows, whom it is offered to, and by what a twin would be known."""

    referral: Referral
    row: dict[str, Any]
    event: dict[str, Any]
    keys: list[dict[str, Any]]
    consent: dict[str, Any] | None
    offers: tuple[tuple[str, str], ...]
    twins: list[dict[str, Any]]


def create_referral(session: Session, keyring: Keyring, grants: Grants, new: NewReferral, *, now: datetime) -> Referral:
    """Send somebody to a service, to a site of one, or to whoever answers a need at a place.

    Raises BadInput or ConsentMissing where what was sent is wrong, NotReachable or NoCapacity where it would lead
    nowhere, AlreadyReferred where the caller's own organization has sent the same person there already.
    """
    return write_referral(session, grants, ready_referral(session, keyring, grants, new, now=now), now=now)


def ready_referral(session: Session, keyring: Keyring, grants: Grants, new: NewReferral, *, now: datetime) -> Ready:
    """Check and seal all of a referral, which needs no turn to write: a session that only reads will do.

    Raises as `create_referral`, but for AlreadyReferred.
    """
    requester = grants.organization_id
    if not grants.as_requester or requester is None:
        raise NotAllowed("Only who may refer people can do this")
    test = new.test or grants.caller.test
    _check_words(new, now)
    target = find_target(session, new.to, test=test)
    needs = tuple(dict.fromkeys((*((target.need,) if target.need else ()), *new.needs)))
    sensitive = is_sensitive(session, needs=needs, codes=new.codes, service_id=target.service_id)
    check_consent(new.consent, sensitive=sensitive, owner_id=target.owner_id, now=now)

    id, patient, owner = str(uuid4()), new.patient, target.owner_id
    key, data_key = keyring.new_record_key(table=TABLE, row=id)
    row = {
        "id": id,
        "status": "requested",
        "version": 1,
        "seq": 1,
        "created_at": now,
        "updated_at": now,
        "requester_id": requester,
        "requester_client_id": grants.caller.client_id,
        "owner_id": owner,
        "service_id": target.service_id,
        "service_at_location_id": target.service_at_location_id,
        "need": target.need,
        "zip3": target.zip5[:3] if target.zip5 else None,
        "age_band": age_band(patient.birth_date, now.date()),
        "language": patient.language,
        "needs": " ".join(needs),
        "codes": " ".join(new.codes),
        "sensitive": sensitive,
        "priority": new.priority,
        "respond_by": new.respond_by,
        "test": test,
        "parent_id": new.parent_id,
        "replaces_id": new.replaces_id,
        "data_key": data_key,
        "patient": seal_json(key, write_patient(patient), column="patient", row=id),
        "identifiers": seal_json(key, write_identifiers(new.identifiers), column="identifiers", row=id),
        "place": seal_json(key, target.zip5, column="place", row=id),
        "note": seal_json(key, new.note, column="note", row=id),
    }
    known = {requester}
    if owner is not None and new.consent is not None and new.consent.scope == "referral":
        known |= {owner} & set(new.consent.recipients)
    keys = person_rows(keyring, id, sorted(known), patient, new.identifiers)
    return Ready(
        Referral(**row),
        row,
        first_event(row, "referral.requested", by=grants, now=now),
        keys,
        consent_row(key, id, new.consent, now=now) if new.consent is not None else None,
        target.offers,
        [] if new.allow_duplicate else _twins(requester, row, keys),
    )


def write_referral(session: Session, grants: Grants, ready: Ready, *, now: datetime) -> Referral:
    """Write what is ready, who is told, and who did it. Raises AlreadyReferred."""
    _refuse_twin(session, ready.twins)
    referral = ready.referral
    _ADD.run(session, ready.row)
    add_event(session, ready.event)
    if ready.consent is not None:
        add_consent(session, ready.consent)
    add_person(session, ready.keys)
    if referral.owner_id is not None:
        open_part(session, referral.id, referral.owner_id, now=now)
    offer(session, referral.id, ready.offers)
    told = {*whom(referral), *(organization for _, organization in ready.offers)}
    tell_of(session, referral, "referral.requested", told, now=now)
    record(session, grants.caller.agent, "C", "referral.create", now=now, kind="referral", ids=(referral.id,))
    return referral


def _check_words(new: NewReferral, now: datetime) -> None:
    if unknown := [slug for slug in new.needs if slug not in vocabulary().needs]:
        raise BadInput(f"There is no need {unknown[0][:60]!r}", field="needs", hint="slugs that /needs lists")
    if new.to.need is not None and set(new.needs) - {new.to.need}:
        raise BadInput("A referral without a service is for one need", field="needs", hint="name a service for several")
    if new.respond_by is not None and new.respond_by <= now:
        raise BadInput("This time is over already", field="respond_by", hint="a time still to come")


def _twins(requester: str, row: dict[str, Any], keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    to = {"organization": requester, "test": row["test"], "service": row["service_id"], "need": row["need"]}
    return [
        to | {"field": key["field"], "blind": key["blind"]}
        for key in keys
        if key["organization_id"] == requester and key["field"] in SAME_PERSON
    ]


def _refuse_twin(session: Session, twins: list[dict[str, Any]]) -> None:
    # Of two who refer the same person at the same moment, one sees the other's.
    wait_for_turn(session, *{twin["blind"].hex() for twin in twins})
    for (found,) in (row for twin in twins for row in _SAME.run(session, twin)):
        raise AlreadyReferred(
            "Your organization has referred this person there already, and that is still open",
            hint="go on with that one, or say allow_duplicate",
            facts={"referral": {"id": found, "href": f"/referrals/{found}"}},
        )
