"""WHICH CODES A REFERRAL IS TOLD IN, apart from its values: doors name them before any referral is there."""

from typing import Literal, get_args

Priority = Literal["routine", "urgent", "asap", "stat"]
NeedMet = Literal["yes", "partly", "no"]
# What may be told: all that the referral says, or no more than who it is and how to reach them.
ConsentScope = Literal["referral", "contact"]
Purpose = Literal["care-coordination", "treatment", "eligibility", "payment"]
ReasonCode = Literal[
    "no-capacity", "not-eligible", "out-of-area", "could-not-contact", "patient-declined", "no-longer-needed",
    "served-elsewhere", "duplicate", "service-ended", "consent-revoked", "waiting", "other",
]  # fmt: skip

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
NEED_MET: tuple[NeedMet, ...] = get_args(NeedMet)
CONSENT_SCOPES: tuple[ConsentScope, ...] = get_args(ConsentScope)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
