"""HOW SOMEBODY IS SENT: one referral, its first event, who is told and who did it, in one transaction."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import AlreadyReferred, BadInput, NotAllowed
from resource_api.needs import vocabulary
from resource_api.privacy.audit import record
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import offer, open_part, tell_of
from resource_api.referrals.consent import check_consent, write_consent
from resource_api.referrals.events import append_event
from resource_api.referrals.person import (
    SAME_PERSON,
    age_band,
    index_person,
    person_keys,
    write_identifiers,
    write_patient,
)
from resource_api.referrals.referral import NewReferral
from resource_api.referrals.seal import TABLE, seal_json
from resource_api.referrals.sensitive import is_sensitive
from resource_api.referrals.states import OPEN
from resource_api.referrals.tables import Referral, ReferralKey
from resource_api.referrals.target import Target, find_target

_SAME = (
    select(Referral.id)
    .join(ReferralKey, ReferralKey.referral_id == Referral.id)
    .where(
        ReferralKey.organization_id == bindparam("organization"),
        ReferralKey.field.in_(SAME_PERSON),
        ReferralKey.blind.in_(bindparam("blinds", expanding=True)),
        Referral.requester_id == bindparam("organization"),
        Referral.status.in_(OPEN),
        Referral.test == bindparam("test"),
        or_(Referral.service_id == bindparam("service"), Referral.need == bindparam("need")),
    )
    .order_by(Referral.created_at)
    .limit(1)
)


def create_referral(session: Session, keyring: Keyring, grants: Grants, new: NewReferral, *, now: datetime) -> Referral:
    """Send somebody to a service, to a site of one, or to whoever answers a need at a place.

    Raises BadInput or ConsentMissing where what was sent is wrong, NotReachable or NoCapacity where it would lead
    nowhere, AlreadyReferred where the caller's own organization has sent the same person there already.
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
    if not new.allow_duplicate:
        _refuse_duplicate(session, keyring, requester, new, target, test=test)

    id = str(uuid4())
    key, data_key = keyring.new_record_key(table=TABLE, row=id)
    patient = new.patient
    referral = Referral(
        id=id,
        status="requested",
        version=0,
        seq=0,
        created_at=now,
        updated_at=now,
        requester_id=requester,
        requester_client_id=grants.caller.client_id,
        owner_id=target.owner_id,
        service_id=target.service_id,
        service_at_location_id=target.service_at_location_id,
        need=target.need,
        zip3=target.zip5[:3] if target.zip5 else None,
        age_band=age_band(patient.birth_date, now.date()),
        language=patient.language,
        needs=" ".join(needs),
        codes=" ".join(new.codes),
        sensitive=sensitive,
        priority=new.priority,
        respond_by=new.respond_by,
        test=test,
        parent_id=new.parent_id,
        replaces_id=new.replaces_id,
        data_key=data_key,
        patient=seal_json(key, write_patient(patient), column="patient", row=id),
        identifiers=seal_json(key, write_identifiers(new.identifiers), column="identifiers", row=id),
        place=seal_json(key, target.zip5, column="place", row=id),
        note=seal_json(key, new.note, column="note", row=id),
    )
    session.add(referral)
    append_event(session, key, referral, "referral.requested", by=grants, now=now, changes=True)
    if new.consent is not None:
        write_consent(session, key, id, new.consent, now=now)
    index_person(session, keyring, id, requester, patient, new.identifiers)
    if target.owner_id is not None:
        open_part(session, id, target.owner_id, now=now)
        named = new.consent is not None and target.owner_id in new.consent.recipients
        if named and target.owner_id != requester:
            index_person(session, keyring, id, target.owner_id, patient, new.identifiers)
    offer(session, id, target.offers)
    told = {requester, *((target.owner_id,) if target.owner_id else (o for _, o in target.offers))}
    tell_of(session, referral, "referral.requested", told, now=now)
    record(session, grants.caller.agent, "C", "referral.create", now=now, kind="referral", ids=(id,))
    return referral


def _check_words(new: NewReferral, now: datetime) -> None:
    if unknown := [slug for slug in new.needs if slug not in vocabulary().needs]:
        raise BadInput(f"There is no need {unknown[0][:60]!r}", field="needs", hint="slugs that /needs lists")
    if new.to.need is not None and set(new.needs) - {new.to.need}:
        raise BadInput("A referral without a service is for one need", field="needs", hint="name a service for several")
    if new.respond_by is not None and new.respond_by <= now:
        raise BadInput("This time is over already", field="respond_by", hint="a time still to come")


def _refuse_duplicate(
    session: Session, keyring: Keyring, requester: str, new: NewReferral, target: Target, *, test: bool
) -> None:
    blinds = [
        keyring.blind(requester, field, value) for field, value in person_keys(new.patient) if field in SAME_PERSON
    ]
    if not blinds:
        return
    asked = {
        "organization": requester,
        "blinds": blinds,
        "test": test,
        "service": target.service_id,
        "need": target.need,
    }
    found = session.connection().execute(_SAME, asked).scalar_one_or_none()
    if found is not None:
        raise AlreadyReferred(
            "Your organization has referred this person there already, and that is still open",
            hint="go on with that one, or say allow_duplicate",
            facts={"referral": {"id": found, "href": f"/referrals/{found}"}},
        )
