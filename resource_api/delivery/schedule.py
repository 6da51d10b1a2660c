"""WHEN IT IS TRIED AGAIN: Standard Webhooks' schedule, ten attempts in three days, each put off or on by a fifth.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#retries
"""

import random
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

# The wait before each attempt, in seconds, counted from the one before.
SCHEDULE = (0, 5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
MOST_ATTEMPTS = len(SCHEDULE)
MOST_WAIT = timedelta(hours=24)
JITTER = 0.2


def next_attempt(attempts: int, *, now: datetime, not_before: datetime | None = None) -> datetime | None:
    """Get when to try again after so many attempts; None: never. `not_before` is what the receiver asked for."""
    if attempts >= MOST_ATTEMPTS:
        return None
    # Spread, so that what failed together does not come back together; no secret hangs on it.
    wait = SCHEDULE[attempts] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    at = now + timedelta(seconds=wait)
    return at if not_before is None else max(at, not_before)


def read_retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """Read a Retry-After header, seconds or a date; a day at most. None where there is none, or none to make sense of.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=min(int(text[:10]), 10**9)), MOST_WAIT)
    try:
        at = parsedate_to_datetime(text)
        return max(now, min(at if at.tzinfo else at.replace(tzinfo=now.tzinfo), now + MOST_WAIT))
    except (ValueError, TypeError, OverflowError):
        return None
