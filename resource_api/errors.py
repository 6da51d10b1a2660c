"""WHAT CAN GO WRONG: the domain's errors, named for the domain; the doors give them a status.

Each error says what is wrong, where, and what would be right.
"""

from dataclasses import dataclass
from typing import Any


class ResourceError(Exception):
    """The root of everything this project raises on purpose."""

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint


class SettingsError(ResourceError):
    """A setting from the environment is missing or wrong."""


class NotFound(ResourceError):
    """No record of that kind has that id."""


class Gone(NotFound):
    """The record with that id was deleted."""


class BadQuery(ResourceError):
    """A question that cannot be answered as asked."""


class UnknownPlace(BadQuery):
    """A place that is neither a ZIP, a point nor a known town; `near` lists the likeliest."""

    def __init__(self, message: str, *, near: tuple[str, ...] = ()) -> None:
        hint = f"did you mean {', '.join(near)}?" if near else "give a ZIP, `lat,lon` or `City, ST`"
        super().__init__(message, field="near", hint=hint)
        self.near = near


class LoadError(ResourceError):
    """A file, folder or address that cannot be loaded at all."""


class ExportError(ResourceError):
    """An export that cannot be written as asked."""


class BackupError(ResourceError):
    """A backup that cannot be made or restored."""


class Busy(ResourceError):
    """Too many are writing at once; the same again in a moment may do."""


class DatabaseNotReady(ResourceError):
    """The database has no tables, or those of another release."""


class Unreadable(ResourceError):
    """A sealed value that cannot be opened: altered, moved, or sealed by a key that is not here."""


class IndexAway(ResourceError):
    """The search server does not answer, not in time, or not now; the same again later may do."""


class IndexLost(IndexAway):
    """The search server answers, and has no index of that name."""


class IndexRefused(ResourceError):
    """The search server takes a request to be wrong; the same again will not do."""


class NotAuthenticated(ResourceError):
    """No credentials, or none that are valid now."""


class NotAllowed(ResourceError):
    """These credentials do not allow this."""


class TooMany(ResourceError):
    """Too often in too short a time; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, hint=f"wait {retry_after} seconds")
        self.retry_after = retry_after


class Conflict(ResourceError):
    """It contradicts what is there now; each kind of conflict has a name of its own.

    `facts` are what a program needs to go on: an id, the moves that are legal.
    """

    def __init__(
        self, message: str, *, field: str | None = None, hint: str | None = None, facts: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, field=field, hint=hint)
        self.facts = facts or {}


class IllegalMove(Conflict):
    """A referral in this state cannot go where it was told to."""


class AlreadyReferred(Conflict):
    """The caller's own organization has an open referral of this person to the same help."""


class NotReachable(Conflict):
    """A service that takes no referrals, or that no referral would reach."""


class NoCapacity(Conflict):
    """A service that is full."""


class AlreadyClaimed(Conflict):
    """Somebody else was first."""


class Stale(ResourceError):
    """The record has changed since the version that the caller knows."""


class NotFresh(ResourceError):
    """The caller did not say which version it knows."""


class BadInput(ResourceError):
    """A field whose value is wrong in itself, or together with others."""


class ConsentMissing(BadInput):
    """What is sensitive goes to nobody whom the person has not named."""


class KeyReused(BadInput):
    """An Idempotency-Key that came before, with something else."""


class Refused(ResourceError):
    """An address outside that is not to be spoken to, or did not answer as it must."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must hold on a database and does not; `what` says where, never what anybody's record says."""

    what: str
