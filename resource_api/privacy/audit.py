"""WHO LOOKED: one audit row for each look, write, refusal, token and disclosure, in the transaction that it is about.

A read's row is committed before its answer leaves; where it cannot be written, nothing is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.prepared import Prepared

# As in FHIR's AuditEvent: create, read, update, delete, execute.
Action = Literal["C", "R", "U", "D", "E"]
Outcome = Literal["ok", "denied", "failed"]

# The audit is no secret, so that nobody's words can be in it: what is no code is refused, what is no id is not told.
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
NO_ID = "?"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who does something: an organization's client, under one token, in one request."""

    organization_id: str | None = None
    client_id: str | None = None
    token_id: str | None = None
    request_id: str | None = None


SYSTEM = Agent(client_id="system")


def record(
    session: Session,
    agent: Agent,
    action: Action,
    what: str,
    *,
    now: datetime,
    kind: str | None = None,
    ids: Iterable[str] = (),
    outcome: Outcome = "ok",
    reason: str | None = None,
) -> None:
    """Add one row. `what` reads `referral.read`; `ids` are records' ids; `reason` is a code, never somebody's words.

    Raises ValueError where it is none.
    """
    if not all(_CODE.fullmatch(code) for code in (what, kind, reason) if code is not None):
        raise ValueError("the audit takes codes, and neither names nor sentences")
    _add().run(
        session,
        {
            "at": now,
            "action": action,
            "what": what,
            "outcome": outcome,
            "organization_id": agent.organization_id,
            "client_id": agent.client_id,
            "token_id": agent.token_id,
            "request_id": agent.request_id,
            "object_kind": kind,
            "object_ids": " ".join(id if _ID.fullmatch(id) else NO_ID for id in ids),
            "reason": reason,
        },
    )


@cache
def _add() -> Prepared:
    from resource_api.privacy.tables import Audit  # whoever only searches is not audited, and does not wait for it

    return Prepared(insert(Base.metadata.tables[Audit.__tablename__]))
