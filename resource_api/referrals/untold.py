"""WHETHER EVERY EVENT WAS TOLD, for `resource-api verify`: to each endpoint of its referral's requester, once.

A requester is told of everything that happens to what it sent; of a recipient, its part decides, which time changes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import Session

from resource_api.access.tables import Client
from resource_api.delivery.codes import EVERY_TYPE
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.errors import Breach
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.tables import Referral, ReferralEvent

# An endpoint that was made in the same moment may have come too late for an event.
MARGIN = timedelta(minutes=1)


def find_untold(session: Session, _keyring: Keyring, _now: datetime) -> Iterator[Breach]:
    """Look for events that no delivery was written of."""
    endpoints = session.scalars(
        select(Endpoint)
        .join(Client, Client.id == Endpoint.client_id)
        .where(Endpoint.disabled_at.is_(None), Client.revoked_at.is_(None), Endpoint.participant_id.is_not(None))
    )
    for endpoint in endpoints:
        types = endpoint.types.split()
        untold = (
            select(ReferralEvent.referral_id, ReferralEvent.seq)
            .join(Referral, Referral.id == ReferralEvent.referral_id)
            .where(
                Referral.requester_id == endpoint.participant_id,
                Referral.test.is_(endpoint.test),
                ReferralEvent.at > (endpoint.enabled_at or endpoint.created_at) + MARGIN,
                literal(True) if EVERY_TYPE in types else ReferralEvent.type.in_(types),
                ~exists().where(
                    Delivery.target == f"endpoint:{endpoint.id}",
                    Delivery.referral_id == ReferralEvent.referral_id,
                    Delivery.seq == ReferralEvent.seq,
                ),
            )
        )
        for row in session.execute(untold.order_by(ReferralEvent.id)):
            yield Breach(f"event {row.seq} of referral {row.referral_id} was never queued for endpoint {endpoint.id}")
