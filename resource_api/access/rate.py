"""HOW OFTEN: what was done in one window of time, counted in the database, for all workers together."""

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from resource_api.access.tables import Rate
from resource_api.errors import TooMany


def check_rate(session: Session, name: str, *, limit: int, window_s: int, now: datetime) -> None:
    """Refuse what was done too often already, and count nothing. Raises TooMany."""
    window, left = divmod(int(now.timestamp()), window_s)
    counted = session.scalar(select(Rate.count).where(Rate.name == name, Rate.window == window))
    if counted is not None and counted >= limit:
        raise TooMany("Too many requests", retry_after=window_s - left)


def count(session: Session, name: str, *, limit: int, window_s: int, now: datetime) -> None:
    """Count one more; `limit` of them go into one window. Raises TooMany, and then counts nothing."""
    window = int(now.timestamp()) // window_s
    if _add_one(session, name, window, limit):
        return
    check_rate(session, name, limit=limit, window_s=window_s, now=now)
    first = {"name": name, "window": window, "count": 1, "expires_at": now + timedelta(seconds=window_s)}
    try:
        with session.begin_nested():
            session.execute(insert(Rate), first)
    except IntegrityError:  # another worker's first came between
        if not _add_one(session, name, window, limit):
            check_rate(session, name, limit=limit, window_s=window_s, now=now)


def _add_one(session: Session, name: str, window: int, limit: int) -> bool:
    here = Rate.name == name, Rate.window == window, Rate.count < limit
    added = session.execute(update(Rate).where(*here).values(count=Rate.count + 1).returning(Rate.count))
    return added.first() is not None
