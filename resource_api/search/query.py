"""WHAT IS ASKED AND ANSWERED: the values that pass between a door, the search and its index."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from resource_api.places import Point

Sort = Literal["best", "distance", "name", "updated"]
Reach = Literal["site", "area", "remote"]

DEFAULT_WITHIN_M = 25 * 1609.344
FACETS = (
    "need",
    "language",
    "city",
    "organization",
    "reached_by",
    "free",
    "accepts_referrals",
    "capacity",
    "life_stage",
    "open",
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place as understood: its point, and the codes of the areas that it lies in."""

    point: Point
    label: str
    areas: frozenset[str]
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a question, with the tokens that it may be stored under."""

    text: str
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One need that is asked for: `answers` are (slug, weight), the need itself first at weight 1.

    The children of a need of weight 1 are included; of the others, only services known by just that need. `also` are
    needs whose services help too, and are asked for where few answer.
    """

    answers: tuple[tuple[str, float], ...]
    also: tuple[tuple[str, float], ...] = ()

    @property
    def slugs(self) -> tuple[str, ...]:
        """List the needs asked for themselves."""
        return tuple(slug for slug, weight in self.answers if weight == 1.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's words as understood: needs any of which answers, words that must or may be found."""

    needs: tuple[Ask, ...] = ()
    words: tuple[Word, ...] = ()
    essential: tuple[Word, ...] = ()
    context: tuple[Word, ...] = ()
    sentence: bool = False

    @property
    def empty(self) -> bool:
        """Tell whether nothing was asked in words."""
        return not (self.needs or self.words or self.essential or self.context)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search, fully read: every filter excludes only what it certainly excludes."""

    q: str = ""
    asked: Asked = field(default_factory=Asked)
    needs: tuple[Ask, ...] = ()
    taxonomy_term_id: str | None = None
    place: Place | None = None
    within_m: float = DEFAULT_WITHIN_M
    open_at: datetime | None = None
    age_months: float | None = None
    life_stage: str | None = None
    language: str | None = None
    accessibility: str | None = None
    free: bool | None = None
    remote: bool | None = None
    accepts_referrals: bool | None = None
    capacity: str | None = None
    organization_id: str | None = None
    updated_after: datetime | None = None
    sort: Sort = "best"
    facets: tuple[str, ...] = ()
    page: int = 1
    per_page: int = 20

    def widened(self) -> "SearchQuery | None":
        """Ask for what else helps, too; None where there is nothing else."""
        if not any(ask.also for ask in (*self.asked.needs, *self.needs)):
            return None
        asked = replace(self.asked, needs=tuple(map(_widen, self.asked.needs)))
        return replace(self, asked=asked, needs=tuple(map(_widen, self.needs)))

    @property
    def need_slugs(self) -> tuple[str, ...]:
        """List every need that is asked for, by words or by filter."""
        return tuple(dict.fromkeys(slug for ask in (*self.asked.needs, *self.needs) for slug in ask.slugs))


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One service found: by which site it reaches the caller, how far that is, and why it ranks where it does.

    `number` is its row's in the embedded index of one database: as long as the service has it, nothing of it changes.
    """

    number: int = field(compare=False)
    service_id: str
    score: float
    reached_by: Reach | None
    distance_m: float | None
    site: str | None
    needs: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of hits, the total, and counts by facet; `degraded` where the database had to answer instead."""

    hits: tuple[SearchHit, ...]
    total: int
    facets: dict[str, tuple[tuple[str, int], ...]]
    degraded: bool = False


def _widen(ask: Ask) -> Ask:
    return Ask((*ask.answers, *ask.also))
