"""WHICH RECORDS ARE THEIR STEWARD'S: what somebody who may has written here, no load overwrites.

A record that its steward has written, or deleted, is left alone by every later load, and so is all that hangs on it,
until an administrator lets it go. Whether it takes referrals now and has room is another matter than what it is: where
a steward has said that alone, loads leave that alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Column, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from resource_api.among import among
from resource_api.database import Base
from resource_api.directory.graph import OWNERS, in_batches, table

RECORDS = ("organization", "service", "service_at_location", "location", "taxonomy", "taxonomy_term")
AVAILABILITY = ("accepts_referrals", "capacity_status", "availability_until", "availability_note")
# A record stays while one that stands on it is its steward's.
_STANDS_ON = {
    "organization": (("service", "organization_id"), ("location", "organization_id")),
    "service": (("service_at_location", "service_id"),),
    "location": (("service_at_location", "location_id"),),
}


class Stewarded(Base):
    """A record that its steward has written; `whole` False where that was only its availability."""

    __tablename__ = "stewarded"

    noun: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    whole: Mapped[bool]
    at: Mapped[datetime]
    # The organization whose client wrote it; None: an administrator.
    organization_id: Mapped[str | None]


def claim(
    session: Session, noun: str, ids: Iterable[str], *, organization_id: str | None, now: datetime, whole: bool = True
) -> None:
    """Mark records as their steward's."""
    for record_id in ids:
        here = (Stewarded.noun == noun, Stewarded.id == record_id)
        known = session.scalar(select(Stewarded.whole).where(*here))
        said = {"whole": whole or bool(known), "at": now, "organization_id": organization_id}
        if known is None:
            session.execute(insert(Stewarded), {"noun": noun, "id": record_id} | said)
        else:
            session.execute(update(Stewarded).where(*here).values(said))


def claimed(session: Session, noun: str, ids: Collection[str], *, whole: bool = True) -> set[str]:
    """Tell which of these records are their steward's: in whole, or by their availability alone."""
    found: set[str] = set()
    for some in in_batches(ids):
        found.update(
            session.scalars(
                select(Stewarded.id).where(Stewarded.noun == noun, Stewarded.whole == whole, among(Stewarded.id, some))
            )
        )
    return found


def kept(session: Session, noun: str, ids: Collection[str]) -> set[str]:
    """Tell which of these rows no publisher may take away: records that are their steward's, and what hangs on them."""
    if not ids or session.scalar(select(Stewarded.id).limit(1)) is None:
        return set()
    if noun in RECORDS:
        found = claimed(session, noun, ids)
        for child, link in _STANDS_ON.get(noun, ()):
            found |= _standing_on(session, child, link, ids)
        return found
    owners: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    target = table(noun)
    if noun in ("attribute", "metadata"):
        said_of = target.c["link_id" if noun == "attribute" else "resource_id"]
        for record in RECORDS:
            for row_id, owner in _pairs(session, target.c.id, said_of, ids):
                owners[record][owner].add(row_id)
    for column in OWNERS.get(noun, ()):
        for row_id, owner in _pairs(session, target.c.id, target.c[column], ids):
            owners[column.removesuffix("_id")][owner].add(row_id)
    found = set()
    for owner_noun, rows in owners.items():
        held = claimed(session, owner_noun, rows) if owner_noun in RECORDS else kept(session, owner_noun, list(rows))
        found |= {row_id for owner in held for row_id in rows[owner]}
    return found


def _standing_on(session: Session, child: str, link: str, ids: Collection[str]) -> set[str]:
    rows = table(child)
    found: set[str] = set()
    for some in in_batches(ids):
        standing = session.execute(
            select(rows.c.id, rows.c[link]).where(among(rows.c[link], some), rows.c.deleted_at.is_(None))
        ).all()
        held = kept(session, child, [row.id for row in standing])
        found.update(row[1] for row in standing if row.id in held)
    return found


def _pairs(session: Session, own: Column[str], link: Column[str], ids: Collection[str]) -> Iterable[tuple[str, str]]:
    for some in in_batches(ids):
        found = session.execute(select(own, link).where(among(own, some), link.is_not(None)))
        yield from ((row[0], row[1]) for row in found)
