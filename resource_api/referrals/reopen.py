"""WHAT A REFERRAL SAID, as the value that it was sent as: for sending it on, in parts or again."""

from typing import Any, cast

from resource_api.privacy.keyring import RecordKey
from resource_api.referrals.codes import ConsentScope, Priority, Purpose
from resource_api.referrals.person import read_identifiers, read_patient
from resource_api.referrals.referral import Addressee, Consent, NewReferral
from resource_api.referrals.seal import open_json
from resource_api.referrals.tables import Referral, ReferralConsent


def reopen_referral(key: RecordKey, referral: Referral, consent: ReferralConsent | None) -> NewReferral:
    """Read a referral back; what it was addressed to, and when it was due, is its own."""

    def opened(column: str) -> Any:
        return open_json(key, getattr(referral, column), column=column, row=referral.id)

    return NewReferral(
        to=Addressee(),
        patient=read_patient(opened("patient")),
        needs=tuple(referral.needs.split()),
        codes=tuple(referral.codes.split()),
        identifiers=read_identifiers(opened("identifiers")),
        priority=cast(Priority, referral.priority),
        note=opened("note"),
        consent=reopen_consent(key, consent) if consent is not None and consent.revoked_at is None else None,
        test=referral.test,
    )


def reopen_consent(key: RecordKey, consent: ReferralConsent) -> Consent:
    """Read a consent back."""
    evidence = None
    if consent.evidence is not None:
        table = ReferralConsent.__tablename__
        evidence = key.open(consent.evidence, table=table, column="evidence", row=consent.referral_id)
    return Consent(
        purpose=cast(Purpose, consent.purpose),
        scope=cast(ConsentScope, consent.scope),
        recipients=tuple(consent.recipients.split()),
        until=consent.until,
        evidence=evidence,
    )
