"""WHETHER WHOM A REFERRAL IS ADDRESSED TO CAN FIND IT by its person: as soon, and as long, as it may see them."""

from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.consent import consent_of, may_see_person
from resource_api.referrals.person import forget_person, index_person, read_identifiers, read_patient
from resource_api.referrals.seal import open_json
from resource_api.referrals.tables import Referral


def index_for_owner(session: Session, keyring: Keyring, referral: Referral, key: RecordKey, *, now: datetime) -> None:
    """Let its owner find a referral by its person where it may see that person, and no longer where it may not."""
    owner = referral.owner_id
    if owner is None or owner == referral.requester_id:
        return
    forget_person(session, referral.id, owner)
    consent = consent_of(session, referral.id)
    if consent is not None and consent.scope != "referral":
        return
    if may_see_person(referral, consent, owner, now):
        patient = read_patient(open_json(key, referral.patient, column="patient", row=referral.id))
        identifiers = read_identifiers(open_json(key, referral.identifiers, column="identifiers", row=referral.id))
        index_person(session, keyring, referral.id, owner, patient, identifiers)
