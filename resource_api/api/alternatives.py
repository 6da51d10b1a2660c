"""WHERE ELSE SOMEBODY COULD GO, when a service cannot take them: its telephone, and what else helps nearby."""

from collections.abc import Sequence

import orjson
from sqlalchemy import select

from resource_api.api.context import language, search_index, session
from resource_api.directory.document import ServiceNeed
from resource_api.errors import BadQuery, Conflict
from resource_api.needs import vocabulary
from resource_api.search.answer import write_hits
from resource_api.search.cards import find_cards, read_cards
from resource_api.search.find import find_services
from resource_api.search.read_query import SearchRequest, read_query

MOST = 5
_FULL = "no-capacity"


def with_alternatives(error: Conflict, *, needs: Sequence[str], need: str | None, place: str | None) -> Conflict:
    """Add to a refusal the telephones of the service, and services near the person, or near it, that may take them."""
    refused = error.facts.get("service_id")
    card = read_cards(session(), [refused]).get(refused, {}) if refused else {}
    error.facts["phones"] = card.get("phones", [])
    asked = [need] if need else [slug for slug in needs if slug in vocabulary().needs] or _needs_of(refused)
    near = place or next(
        (zip5 for site in card.get("sites", ()) if (zip5 := site.get("location", {}).get("postal_code"))), None
    )
    error.facts["alternatives"] = _find(asked[:1], near, refused) if asked else []
    return error


def _find(needs: Sequence[str], near: str | None, refused: str | None) -> list[dict[str, object]]:
    try:
        query = read_query(session(), search_index(), SearchRequest(need=tuple(needs), near=near, per_page=20)).query
    except BadQuery:  # the place is none: anywhere, then
        query = read_query(session(), search_index(), SearchRequest(need=tuple(needs), per_page=20)).query
    page = find_services(session(), search_index(), query)
    cards = find_cards(session(), page.hits)
    hits = map(orjson.loads, write_hits(cards, query, page, lang=language(), short=False))
    open_to_all = (
        hit
        for hit in hits
        if hit["service_id"] != refused and hit.get("accepts_referrals") != "no" and hit.get("capacity_status") != _FULL
    )
    named = ("service_id", "service_name", "organization_name", "phones", "distance_m", "accepts_referrals", "href")
    return [
        {name: hit[name] for name in named if name in hit} for hit, _ in zip(open_to_all, range(MOST), strict=False)
    ]


def _needs_of(service_id: str | None) -> list[str]:
    chosen = select(ServiceNeed.need).where(ServiceNeed.service_id == service_id).order_by(ServiceNeed.certainty)
    return list(session().scalars(chosen))
