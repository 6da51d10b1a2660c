"""WHAT A LOAD DID, and what it found wrong: counts, mends, and a problem for each doubtful or refused value."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

EXAMPLES_KEPT = 3


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something wrong in one row: where it is, why, and what would be right.

    `refused` rows did not land; the others did, without the doubtful value or with it as it was given.
    """

    file: str
    line: int
    column: str
    reason: str
    hint: str
    refused: bool = False


@dataclass(slots=True)
class NounCount:
    """How many rows of one noun were new, changed, same as before, or retired."""

    new: int = 0
    changed: int = 0
    same: int = 0
    retired: int = 0


@dataclass(slots=True)
class Report:
    """What one load did so far; `stewarded` counts the records that it left as their stewards wrote them."""

    counts: dict[str, NounCount] = field(default_factory=lambda: defaultdict(NounCount))
    documents: int = 0
    tombstones: int = 0
    stewarded: int = 0
    resumed: bool = False
    stopped: str | None = None
    notes: list[str] = field(default_factory=list)
    mended: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    doubted: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[RowProblem]] = field(default_factory=lambda: defaultdict(list))
    pending: list[RowProblem] = field(default_factory=list)

    def add(self, problem: RowProblem) -> None:
        """Add a problem; it stays pending until `take_problems` is asked for it."""
        if problem.refused:
            self.refused += 1
        else:
            self.doubted += 1
        # Reasons quote values after a colon; what comes before is the same for all rows of the kind.
        kind = f"{problem.column}: {problem.reason.partition(': ')[0]}"
        self.by_reason[kind] += 1
        if len(self.examples[kind]) < EXAMPLES_KEPT:
            self.examples[kind].append(problem)
        self.pending.append(problem)

    def replace_problems(self, problems: Iterable[RowProblem]) -> None:
        """Forget every problem so far, and add these in their stead."""
        self.refused = self.doubted = 0
        self.by_reason.clear()
        self.examples.clear()
        self.pending.clear()
        for problem in problems:
            self.add(problem)

    def take_problems(self) -> tuple[RowProblem, ...]:
        """Take the problems that were added since this was last called."""
        taken = tuple(self.pending)
        self.pending.clear()
        return taken

    @property
    def written(self) -> int:
        """How many rows were written or retired."""
        return sum(c.new + c.changed + c.retired for c in self.counts.values())
