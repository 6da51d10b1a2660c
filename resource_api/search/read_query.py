"""WHAT A REQUEST ASKS: plain values from a door, read into a SearchQuery.

The question itself may name a place ("diapers in Towson", "food 21215"); it is used where `near` is not given.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from resource_api.errors import BadQuery, UnknownPlace
from resource_api.needs import needs_for_code, vocabulary
from resource_api.places import read_distance, zip_point
from resource_api.search.ask import Question, ask_for, ask_for_any, read_question
from resource_api.search.document import read_language
from resource_api.search.index import SearchIndex
from resource_api.search.place import find_place
from resource_api.search.query import DEFAULT_WITHIN_M, FACETS, Place, SearchQuery, Sort

EARLIEST, LATEST = 1970, 9000  # years
_ZIP = re.compile(r"\b(\d{5})(?:-\d{4})?\b")
_IN_TOWN = re.compile(
    r"\b(?:in|near|around|en|cerca de)\s+([^\W\d_][\w.' -]{2,40}?(?:,\s*[A-Za-z. ]{2,20})?)\s*[?.!]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search as a door received it: text still unread, but of the right types."""

    q: str = ""
    need: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    taxonomy_term_id: str | None = None
    near: str | None = None
    within: str | None = None
    open_at: str | None = None
    age_months: float | None = None
    age: float | None = None
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as read: the query, what was repaired in its words, and whether these named the place."""

    query: SearchQuery
    repaired: tuple[tuple[str, str], ...]
    place_in_q: bool


def read_query(session: Session, index: SearchIndex, request: SearchRequest) -> Reading:
    """Read a request; raises BadQuery or UnknownPlace naming the parameter and what would be right."""
    q, place = request.q, None
    if request.near:
        place = find_place(session, request.near)
    else:
        q, place = _place_in_question(session, q)
    question = read_question(session, index, q) if q.strip() else Question(SearchQuery().asked, ())
    needs = tuple(ask_for(_read_need(slug)) for slug in request.need)
    codes = tuple(ask_for_any(needs_for_code(code)) for code in request.code)
    within = DEFAULT_WITHIN_M
    if request.within is not None:
        if place is None:
            raise BadQuery(
                "`within` needs a place",
                field="within",
                hint="give `near` too: a ZIP, `lat,lon` or `City, ST`",
            )
        try:
            within = read_distance(request.within)
        except ValueError as error:
            raise BadQuery(str(error), field="within", hint="for example 10mi, 15km or 800m") from error
    if request.sort == "distance" and place is None:
        raise BadQuery("sorting by distance needs a place", field="sort", hint="give `near` too")
    for facet in request.facets:
        if facet not in FACETS:
            raise BadQuery(f"there is no facet {facet!r}", field="facets", hint="one of " + ", ".join(FACETS))
    query = SearchQuery(
        q=q,
        asked=question.asked,
        needs=(*needs, *codes),
        taxonomy_term_id=request.taxonomy_term_id,
        place=place,
        within_m=within,
        open_at=_read_moment(request.open_at),
        age_months=_read_age(request),
        life_stage=request.life_stage,
        language=None if request.language is None else read_language(request.language),
        accessibility=request.accessibility,
        free=request.free,
        remote=request.remote,
        accepts_referrals=request.accepts_referrals,
        capacity=request.capacity,
        organization_id=request.organization_id,
        updated_after=request.updated_after,
        sort=request.sort,
        facets=request.facets,
        page=request.page,
        per_page=request.per_page,
    )
    return Reading(query, question.repaired, place is not None and not request.near)


def _place_in_question(session: Session, q: str) -> tuple[str, Place | None]:
    found = _ZIP.search(q)
    if found is not None and zip_point(found[1]) is not None:
        place = find_place(session, found[1])
        # "in Towson, MD 21204": the ZIP says where, and the town is no word to be looked for.
        rest, _ = _town_in_question(session, f"{q[: found.start()]} {q[found.end() :]}")
        return rest, place
    return _town_in_question(session, q)


def _town_in_question(session: Session, q: str) -> tuple[str, Place | None]:
    found = _IN_TOWN.search(q)
    if found is None:
        return q, None
    try:
        return q[: found.start()], find_place(session, found[1])
    except UnknownPlace:
        # "in labor", "in need of formula": the words were no place after all.
        return q, None


def _read_need(slug: str) -> str:
    if slug in vocabulary().needs:
        return slug
    raise BadQuery(f"there is no need {slug!r}", field="need", hint="a slug of /needs, for example food or diapers")


def _read_age(request: SearchRequest) -> float | None:
    if request.age is not None and request.age_months is not None:
        raise BadQuery("give `age` or `age_months`, not both", field="age")
    return request.age_months if request.age is None else request.age * 12


def _read_moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    hint = "`now`, or a time with its zone, for example 2026-11-24T18:30:00-05:00"
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise BadQuery(f"`open_at` is {text!r}, which is no time", field="open_at", hint=hint) from error
    if moment.tzinfo is None:
        raise BadQuery(f"`open_at` is {text!r}, a time without a zone", field="open_at", hint=hint)
    if not EARLIEST <= moment.year <= LATEST:
        # A zone can push the first and the last years over the edge of what a clock can show.
        raise BadQuery(f"`open_at` is {text!r}, which is no time to visit anybody", field="open_at", hint=hint)
    return moment
