"""GET|POST /search : which services fit this need, near this place, open to this person, now?"""

from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request
from flask.views import MethodView

from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import language, search_index, session
from resource_api.api.schemas.search import (
    SearchArgs,
    SearchBody,
    SearchPageSchema,
    SuggestArgs,
    SuggestionsSchema,
)
from resource_api.needs import vocabulary
from resource_api.search.answer import find_sources, write_facets, write_hits
from resource_api.search.cards import find_cards
from resource_api.search.find import find_services
from resource_api.search.query import SearchPage
from resource_api.search.read_query import Reading, SearchRequest, read_query
from resource_api.search.relax import find_relaxations
from resource_api.search.suggest import suggest

blueprint = Blueprint("search", __name__)

_DEGRADED = {
    "Search-Degraded": {
        "description": "`true` where the search server is away and the database answered: as well, but not as quickly.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
_LISTS = ("need", "code", "facets")
_DROPPED_WITH = {"age": ("age_months",), "need": ("code",), "near": ("within",)}


@blueprint.route("/search")
class Search(MethodView):
    """The product: ranked services with distance, facets and reasons."""

    @blueprint.doc(operationId="searchServices")
    @blueprint.arguments(SearchArgs)
    @blueprint.response(200, SearchPageSchema, headers=_DEGRADED)
    def get(self, args: dict[str, Any]) -> Response:
        """Search services by need and place."""
        return _search(args)

    @blueprint.doc(operationId="searchServicesPrivately")
    @blueprint.arguments(SearchBody, location="json")
    @blueprint.response(200, SearchPageSchema, headers=_DEGRADED)
    def post(self, args: dict[str, Any]) -> Response:
        """Search services by need and place, with neither in a URL."""
        return _search(args)


@blueprint.route("/search/suggest")
@blueprint.doc(operationId="suggestSearches")
@blueprint.arguments(SuggestArgs)
@blueprint.response(200, SuggestionsSchema)
def suggest_searches(args: dict[str, Any]) -> Response:
    """Suggest needs, services and towns that begin like what is typed."""
    found = suggest(session(), args["q"], lang=language(), limit=args["limit"])
    body = {"suggestions": [{"kind": s.kind, "value": s.value, "label": s.label} for s in found]}
    return json_bytes(orjson.dumps(body), vary=("Accept-Language",))


def _search(args: dict[str, Any]) -> Response:
    lang = args.pop("lang", None) or language()
    short = args.pop("card") == "short"
    given: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in args.items()}
    asked = SearchRequest(**given)
    reader, index = session(), search_index()
    reading = read_query(reader, index, asked)
    page = find_services(reader, index, reading.query)
    cards = find_cards(reader, page.hits)
    hits = write_hits(cards, reading.query, page, lang=lang, short=short)
    query = reading.query
    pages = -(-page.total // query.per_page)
    body = {
        "total_items": page.total,
        "total_pages": pages,
        "page_number": query.page,
        "size": len(hits),
        "first_page": query.page == 1,
        "last_page": query.page >= pages,
        "empty": not hits,
        "contents": [orjson.Fragment(hit) for hit in hits],
        "facets": write_facets(reader, page, lang=lang),
        "searched": _write_searched(reading, lang),
        "relax": _write_relaxations(reading, page),
        "sources": find_sources(reader, cards.values()),
    }
    private = request.method == "POST" or query.open_at is not None
    fleeting = private or page.degraded
    answer = json_bytes(orjson.dumps(body), vary=("Accept-Language",), max_age=0 if fleeting else None)
    if page.degraded:
        answer.headers["Search-Degraded"] = "true"
    return answer


def _write_searched(reading: Reading, lang: str) -> dict[str, Any]:
    query = reading.query
    known = vocabulary().needs
    asked = query.asked
    out: dict[str, Any] = {
        "needs": [{"need": slug, "label": known[slug].label(lang)} for slug in query.need_slugs],
        "words": [word.text for word in (*asked.words, *asked.essential, *asked.context)],
    }
    if query.place is not None:
        point = query.place.point
        out["place"] = {
            "label": query.place.label,
            "latitude": point.latitude,
            "longitude": point.longitude,
            "within_m": round(query.within_m),
        }
    if reading.repaired:
        out["instead_of"] = {better: typed for typed, better in reading.repaired}
    return out


def _write_relaxations(reading: Reading, page: SearchPage) -> list[dict[str, Any]]:
    if page.total:
        return []
    out = []
    for each in find_relaxations(session(), search_index(), reading.query):
        drop, value = each.drop, each.value
        if drop == "near" and reading.place_in_q:
            drop, value = "q", reading.query.q.strip()
        written: dict[str, Any] = {"drop": drop, "total": each.total}
        if value:
            written["value"] = value
        if request.method == "GET":
            written["href"] = _relaxed_href(each.drop, drop, value, reading)
        out.append(written)
    return out


def _relaxed_href(dropped: str, drop: str, value: str | None, reading: Reading) -> str:
    """Write the URL of a search without what was dropped; it must find as many as was promised."""
    without = {drop, "page", *_DROPPED_WITH.get(dropped, ())}
    if dropped == "near" and reading.query.sort == "distance":
        without.add("sort")
    kept = [(name, v) for name, v in request.args.items(multi=True) if name not in without]
    if value:
        kept.append((drop, value))
    if dropped == "q" and reading.place_in_q and reading.query.place is not None:
        kept.append(("near", reading.query.place.label))
    return "/search?" + urlencode(kept)
