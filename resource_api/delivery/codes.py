"""WHICH CODES DELIVERY IS TOLD IN: the types of events, and how deliveries stand."""

STATUSES = (
    "requested", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed", "cancelled",
    "entered-in-error",
)  # fmt: skip
EVENT_TYPES = (
    *(f"referral.{status}" for status in STATUSES),
    "referral.message",
    "referral.appointment",
    "referral.reminder",
    "referral.reassigned",
    "referral.updated",
    "referral.consent-revoked",
    "referral.split",
)
EVERY_TYPE = "*"
STATES = ("pending", "delivered", "dead", "parked", "cancelled")
