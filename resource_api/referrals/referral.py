"""WHAT A REFERRAL SAYS: the values that doors hand in, whichever language they were spoken in."""

from dataclasses import dataclass
from datetime import date, datetime

from resource_api.referrals.codes import ConsentScope, NeedMet, Priority, Purpose, ReasonCode
from resource_api.referrals.states import Status


@dataclass(frozen=True, slots=True)
class Identifier:
    """What somebody else calls it: a number, and whose numbering that is."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class ContactSafety:
    """How the person can be reached without harm; None: they did not say."""

    call: bool | None = None
    text: bool | None = None
    voicemail: bool | None = None
    hours: str | None = None
    never_say: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """The person who is referred."""

    given: str
    family: str
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None
    language: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    contact_safety: ContactSafety | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person agreed to; `recipients` are ids of organizations, none: whoever takes the referral."""

    purpose: Purpose = "care-coordination"
    scope: ConsentScope = "referral"
    recipients: tuple[str, ...] = ()
    until: datetime | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a referral is for: a service, one site of it, or whoever answers a need at a place (a ZIP code)."""

    service_id: str | None = None
    service_at_location_id: str | None = None
    need: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class NewReferral:
    """A referral as it is sent."""

    to: Addressee
    patient: Patient
    needs: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    priority: Priority = "routine"
    note: str | None = None
    consent: Consent | None = None
    respond_by: datetime | None = None
    allow_duplicate: bool = False
    test: bool = False
    parent_id: str | None = None
    replaces_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: coded, and in words."""

    code: ReasonCode
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    service_given: bool
    need_met: NeedMet
    date: date
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """A move to another state."""

    status: Status
    reason: Reason | None = None
    outcome: Outcome | None = None
