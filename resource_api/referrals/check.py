"""DOES WHAT IS KEPT OF REFERRALS HOLD TOGETHER? Each referral against its events, each event against the one before.

For `resource-api verify` on a live database: numbers without a gap, versions that count changes, hashes that chain,
moves that the state table has, and a row that says what its events say. What is shredded is checked like the rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.errors import Breach
from resource_api.referrals.events import digest_detail, hash_event
from resource_api.referrals.states import INITIAL, TERMINAL, next_statuses
from resource_api.referrals.tables import Referral, ReferralEvent, ReferralParty, Replay

BATCH = 200
# Events that a referral's own fields do not show.
UNCHANGING = frozenset({"referral.message", "referral.reminder", "referral.split"})
_EVENT = Base.metadata.tables[ReferralEvent.__tablename__]


@dataclass(frozen=True, slots=True)
class Projection:
    """What a referral's events say that it is."""

    status: str
    version: int
    seq: int
    owner_id: str | None
    reason_code: str | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


def replay_events(events: Sequence[Any]) -> Projection:
    """Say what a referral is by its events, the first of which sent it."""
    last = events[-1]
    moves = [event for event in events if event.type == f"referral.{event.status}"]
    ended = next((event.at for event in reversed(moves) if event.status in TERMINAL), None)
    return Projection(
        status=last.status,
        version=sum(event.type not in UNCHANGING for event in events),
        seq=len(events),
        owner_id=last.owner_id,
        reason_code=moves[-1].reason_code if moves else None,
        created_at=events[0].at,
        updated_at=last.at,
        closed_at=ended,
    )


def check_referrals(session: Session, _keyring: object = None, _now: object = None) -> Iterator[Breach]:
    """Check every referral; yields what does not hold."""
    last = ""
    while referrals := session.scalars(
        select(Referral).where(Referral.id > last).order_by(Referral.id).limit(BATCH)
    ).all():
        last = referrals[-1].id
        ids = [referral.id for referral in referrals]
        found: dict[str, list[Any]] = {id: [] for id in ids}
        chosen = select(_EVENT).where(_EVENT.c.referral_id.in_(ids)).order_by(_EVENT.c.referral_id, _EVENT.c.seq)
        for event in session.connection().execute(chosen):
            found[event.referral_id].append(event)
        parties = select(ReferralParty.referral_id, ReferralParty.organization_id)
        addressed = {tuple(row) for row in session.execute(parties.where(ReferralParty.referral_id.in_(ids)))}
        for referral in referrals:
            yield from (Breach(f"referral {referral.id}: {said}") for said in _check(referral, found[referral.id]))
            if referral.owner_id is not None and (referral.id, referral.owner_id) not in addressed:
                yield Breach(f"referral {referral.id}: its owner was never a party to it")
        session.expunge_all()


def check_replays(session: Session, _keyring: object = None, _now: object = None) -> Iterator[Breach]:
    """Check that whatever was answered under a key is there; yields what is not."""
    lost = select(Replay.referral_id).where(~exists().where(Referral.id == Replay.referral_id))
    for id in session.scalars(lost):
        yield Breach(f"referral {id} was answered for under a key, and is not there")


def _check(referral: Referral, events: Sequence[Any]) -> Iterator[str]:
    if referral.data_key is None and any(event.detail is not None for event in events):
        yield "it was shredded, and what was said in its events was not"
    if not events:
        yield "it has no events"
        return
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield "its events are not numbered without a gap"
    yield from _check_hashes(events)
    yield from _check_moves(events)
    said = replay_events(events)
    for name in Projection.__dataclass_fields__:
        if getattr(said, name) != getattr(referral, name):
            yield f"its events say another {name}"


def _check_hashes(events: Iterable[Any]) -> Iterator[str]:
    before = b""
    for event in events:
        if hash_event(dict(event._mapping), before) != event.hash:
            yield f"event {event.seq} was altered, or is not the one after {event.seq - 1}"
        if event.detail is not None and digest_detail(event.detail) != event.detail_digest:
            yield f"what was said in event {event.seq} was altered"
        before = event.hash


def _check_moves(events: Sequence[Any]) -> Iterator[str]:
    first = events[0]
    if first.status not in INITIAL or first.version != 1:
        yield "it did not begin as it must"
    for before, event in pairwise(events):
        moved = event.type == f"referral.{event.status}"
        if moved and event.status not in next_statuses(before.status):
            yield f"event {event.seq} moved it from {before.status} to {event.status}"
        if not moved and event.status != before.status:
            yield f"event {event.seq} is no move, and the status is another after it"
        if event.version != before.version + (event.type not in UNCHANGING):
            yield f"event {event.seq} is not of the version that it must be"
        if event.owner_id != before.owner_id and event.type not in ("referral.accepted", "referral.reassigned"):
            yield f"event {event.seq} changed whom it is addressed to"
