"""WHICH MOVES ARE LEGAL, and who may make them: the state table of SDOH Clinical Care, in our own words.

https://hl7.org/fhir/us/sdoh-clinicalcare/ (StructureDefinition-SDOHCC-TaskForReferralManagement, version 3.0.0)
"""

from collections.abc import Collection
from typing import Literal, get_args

from resource_api.errors import IllegalMove, NotAllowed

Status = Literal[
    "draft", "requested", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed", "cancelled",
    "entered-in-error",
]  # fmt: skip
# The requester sent the referral; the target is whoever it is addressed to now.
Side = Literal["requester", "target"]

STATUSES: tuple[Status, ...] = get_args(Status)
ERROR: Status = "entered-in-error"
INITIAL: frozenset[Status] = frozenset({"draft", "requested"})
TERMINAL: frozenset[Status] = frozenset({"rejected", "completed", "failed", "cancelled", ERROR})
OPEN: tuple[Status, ...] = tuple(status for status in STATUSES if status not in TERMINAL)

_MOVES: dict[Status, tuple[Status, ...]] = {
    "draft": ("requested",),
    "requested": ("accepted", "rejected", "cancelled"),
    "accepted": ("in-progress", "on-hold", "completed", "failed", "cancelled"),
    "in-progress": ("on-hold", "completed", "failed", "cancelled"),
    "on-hold": ("in-progress", "completed", "failed", "cancelled"),
}
_SET_BY: dict[Status, tuple[Side, ...]] = {
    "draft": ("requester",),
    "requested": ("requester",),
    "accepted": ("target",),
    "rejected": ("target",),
    "in-progress": ("target",),
    "on-hold": ("target",),
    "completed": ("target",),
    "failed": ("target",),
    "cancelled": ("requester", "target"),
    ERROR: ("requester",),
}
# What must say why, and what must say what came of it.
NEEDS_REASON: frozenset[Status] = frozenset({"rejected", "on-hold", "failed", "cancelled"})
NEEDS_OUTCOME: frozenset[Status] = frozenset({"completed"})


def next_statuses(status: str) -> tuple[Status, ...]:
    """List where a referral in this state can go at all. From any state it can turn out to be an error."""
    known = read_status(status)
    return (*_MOVES.get(known, ()), *((ERROR,) if known != ERROR else ()))


def legal_moves(status: str, sides: Collection[Side]) -> tuple[Status, ...]:
    """List where these sides can move a referral that is in this state."""
    return tuple(to for to in next_statuses(status) if set(_SET_BY[to]) & set(sides))


def check_side(to: str, sides: Collection[Side]) -> None:
    """Raises NotAllowed where no referral is ever moved there by these sides."""
    by = _SET_BY[read_status(to)]
    if not set(by) & set(sides):
        raise NotAllowed(f"A referral is {to} when its {' or '.join(by)} says so, and that you are not")


def check_move(status: str, to: str, sides: Collection[Side]) -> None:
    """Raises IllegalMove, naming the legal ones, where the table does not have this move."""
    moves = legal_moves(status, sides)
    if to not in moves:
        raise IllegalMove(
            f"The referral is {status}, and cannot become {to} now",
            hint=f"it can become {', '.join(moves)}" if moves else "it is at its end",
            facts={"referral_status": status, "moves": list(moves)},
        )


def read_status(text: str) -> Status:
    """Read a state's name."""
    return next(status for status in STATUSES if status == text)
