"""WHAT THE AUDIT SAYS, for those who look after it: thin rows, the newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, literal, select
from sqlalchemy.orm import Session

from resource_api.privacy.tables import Audit, AuditLink


@dataclass(frozen=True, slots=True)
class LookQuery:
    """Which rows are wanted, all conditions together; `object_id` is one of the ids that a row names."""

    organization_id: str | None = None
    client_id: str | None = None
    request_id: str | None = None
    object_id: str | None = None
    action: str | None = None
    what: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def find_looks(session: Session, query: LookQuery, *, before: int | None, limit: int) -> list[Row[Any]]:
    """Find rows with ids below `before`, each with its number in the chain, None while it is unsealed."""
    chosen: Select[Any] = select(*Audit.__table__.columns, AuditLink.seq).join(
        AuditLink, AuditLink.audit_id == Audit.id, isouter=True
    )
    for name in ("organization_id", "client_id", "request_id", "action", "what", "outcome"):
        value = getattr(query, name)
        if value is not None:
            chosen = chosen.where(getattr(Audit, name) == value)
    if query.object_id is not None:
        ids = literal(" ") + Audit.object_ids + literal(" ")
        chosen = chosen.where(ids.contains(f" {query.object_id} ", autoescape=True))
    if query.since is not None:
        chosen = chosen.where(Audit.at >= query.since)
    if query.until is not None:
        chosen = chosen.where(Audit.at < query.until)
    if before is not None:
        chosen = chosen.where(Audit.id < before)
    return list(session.execute(chosen.order_by(Audit.id.desc()).limit(limit)))
