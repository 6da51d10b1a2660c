"""WHAT A LOAD LEAVES ALONE: records that their steward has written here, and all that hangs on them.

The publisher's rows are read and counted as before; they are only not written. Of a service whose availability alone
was said here, everything else is.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.graph import OWNERS, table
from resource_api.directory.load.row import Draft
from resource_api.directory.stewarded import AVAILABILITY, RECORDS, claimed

_HANGS_ON = OWNERS | {"attribute": ("link_id",), "metadata": ("resource_id",)}


@dataclass(slots=True)
class Stewards:
    """The records of one batch that are their stewards', and the drafts that go on without them."""

    drafts: list[Draft]
    records: set[str] = field(default_factory=set)


def leave_stewarded(session: Session, drafts: Sequence[Draft]) -> Stewards:
    """Leave out the drafts of records that are their stewards', and keep what these said of availability.

    The drafts are in the order of their links: what hangs on a row comes after it.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        if draft.noun in RECORDS:
            ids[draft.noun].add(draft.id)
    left: set[str] = set()
    for noun, some in ids.items():
        left |= claimed(session, noun, some)
    records = set(left)
    going_on: list[Draft] = []
    for draft in drafts:
        links = _HANGS_ON.get(draft.noun, ())
        if draft.id in left or any(draft.fields.get(link) in left for link in links):
            left.add(draft.id)
        else:
            going_on.append(draft)
    _keep_availability(session, [d for d in going_on if d.noun == "service"])
    return Stewards(going_on, records)


def _keep_availability(session: Session, services: Sequence[Draft]) -> None:
    said = claimed(session, "service", [d.id for d in services], whole=False)
    rows = table("service")
    for draft in services:
        if draft.id in said:
            columns = (rows.c[name] for name in AVAILABILITY)
            draft.kept = dict(session.execute(select(*columns).where(rows.c.id == draft.id)).mappings().one())
