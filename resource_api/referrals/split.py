"""HOW ONE REFERRAL BECOMES SEVERAL: children for its parts; the parent goes on by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import Conflict
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import begin, check_open, finish
from resource_api.referrals.consent import consent_of
from resource_api.referrals.create import create_referral
from resource_api.referrals.events import append_event
from resource_api.referrals.referral import Addressee, Consent
from resource_api.referrals.reopen import reopen_referral
from resource_api.referrals.seal import key_of
from resource_api.referrals.tables import Referral


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a referral: whom it is for, and with what; what is not said is as in the whole."""

    to: Addressee
    needs: tuple[str, ...] = ()
    note: str | None = None
    consent: Consent | None = None
    respond_by: datetime | None = None
    allow_duplicate: bool = False


def split_referral(
    session: Session, keyring: Keyring, grants: Grants, referral_id: str, parts: Sequence[Part], *, now: datetime
) -> tuple[Referral, list[Referral]]:
    """Send parts of an open referral to others; get it, and its children. Its own state is for its own parties.

    Raises as `create_referral`, and Conflict where it is at its end, or its consent was taken back and a part has none.
    """
    parent = begin(session, grants, referral_id, as_one_of=("requester",)).referral
    check_open(parent)
    key = key_of(keyring, parent)
    known = consent_of(session, parent.id)
    if known is not None and known.revoked_at is not None and any(part.consent is None for part in parts):
        raise Conflict("The person has taken the consent back", hint="send what they agree to now: consent")
    whole = reopen_referral(key, parent, known)
    children = []
    for part in parts:
        child = replace(
            whole,
            to=part.to,
            needs=(part.to.need,) if part.to.need else part.needs or whole.needs,
            note=part.note or whole.note,
            consent=part.consent or whole.consent,
            respond_by=part.respond_by,
            allow_duplicate=part.allow_duplicate,
            parent_id=parent.id,
        )
        children.append(create_referral(session, keyring, grants, child, now=now))
    detail = {"children": [child.id for child in children]}
    append_event(session, key, parent, "referral.split", by=grants, now=now, changes=False, detail=detail)
    finish(session, grants, parent, "referral.split", told="referral.split", now=now)
    return parent, children
