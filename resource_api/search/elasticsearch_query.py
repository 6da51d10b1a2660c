"""HOW A QUERY IS SAID TO ELASTICSEARCH: pure builders, from a SearchQuery to the body of a request.

Postings decide whatever is a yes or a no, in the clauses that the embedded index asks its own of; the script decides
reach, hours and score. Values travel as values: nothing that a caller typed becomes syntax.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from resource_api.directory.clock import latest_shown, zone
from resource_api.places import EARTH_RADIUS_M
from resource_api.search import rank
from resource_api.search import weigh as weighing
from resource_api.search.cells import chord_limit, unit_vector
from resource_api.search.elasticsearch_clauses import write_carried, write_filters
from resource_api.search.elasticsearch_mapping import CAPACITIES, need_code, zone_code
from resource_api.search.elasticsearch_script import (
    DISTANCE,
    LEAST,
    LEAST_FOUND,
    OPEN,
    REACHED_BY,
    SCORE,
    STEPS,
)
from resource_api.search.facets import MOST_VALUES
from resource_api.search.query import Ask, SearchQuery

JSON = dict[str, Any]

# A life stage may be listed or only confirmed, under two values that are counted as one.
MOST_STAGES = 200
# Beyond this many, a page is walked to.
MOST_AT_ONCE = 10_000
_FIELDS = {
    "need": "families",
    "language": "languages",
    "life_stage": "life_stages",
    "city": "city",
    "organization": "organization_id",
    "free": "free",
    "accepts_referrals": "accepts",
    "capacity": "capacity",
}


def search_body(query: SearchQuery, *, covering: Collection[str], now: datetime) -> JSON:
    """Build the body of a search; `covering` are the services whose drawn areas hold the query's place.

    It says nothing of the page: `from` and `size`, or `search_after`, are added by whoever asks.
    """
    reaching = _reach_parameters(query, now)
    # Where only a facet asks what is open, no score hangs on it.
    scored = reaching if query.open_at is not None else reaching | {"clocks": None}
    body: JSON = {
        "query": {
            "script_score": {
                "query": {
                    "bool": {
                        "filter": [*write_filters(query), {"match_all": {}}],
                        "should": list(write_carried(query, covering)),
                    }
                },
                "script": {"source": SCORE, "params": scored | _score_parameters(query, now)},
                "min_score": LEAST_FOUND,
            }
        },
        "sort": _sort(query, reaching),
        "track_total_hits": True,
    }
    if query.facets:
        body["aggs"] = {name: _count(name, reaching) for name in query.facets if _is_counted(name, query)}
    return body


def _reach_parameters(query: SearchQuery, now: datetime) -> JSON:
    parameters: JSON = {"place": None, "clocks": None, "utc": None, "strict": query.open_at is not None}
    if query.place is not None:
        point = query.place.point
        parameters["place"] = [*unit_vector(point.latitude, point.longitude), chord_limit(query.within_m)]
    moment = query.open_at or (now if "open" in query.facets else None)
    if moment is not None:
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        parameters["clocks"] = read_clocks(minute)
        parameters["utc"] = minute.toordinal() * 1440 + minute.hour * 60 + minute.minute
    return parameters


@lru_cache(maxsize=64)
def read_clocks(moment: datetime) -> dict[str, int]:
    """Read every zone's clock at a moment: by its code, the minutes since the day before the first."""
    clocks: dict[str, int] = {}
    for code, name in _zones():
        day, minute = latest_shown(moment.astimezone(zone(name)))
        clocks[code] = day * 1440 + minute
    return clocks


@lru_cache(maxsize=1)
def _zones() -> tuple[tuple[str, str], ...]:
    return tuple((str(zone_code(name)), name) for name in sorted(available_timezones()))


def _score_parameters(query: SearchQuery, now: datetime) -> JSON:
    asked = query.asked
    return {
        "asks": [_ask(ask) for ask in asked.needs],
        "filters": [_ask(ask) for ask in query.needs],
        "words": len(asked.words if asked.needs else asked.essential),
        "sureness": [rank.CONFIDENCE_WEIGHT.get(str(digit), 0.0) for digit in range(10)],
        "title_bonus": weighing.TITLE_BONUS,
        "named_only": weighing.NAMED_ONLY,
        "labelled_only": weighing.LABELLED_ONLY,
        "context_most": weighing.CONTEXT_MOST,
        "least_focus": rank.LEAST_FOCUS,
        "focus_loss": rank.FOCUS_LOSS,
        "radius": EARTH_RADIUS_M,
        "half_near": rank.HALF_NEAR_M,
        "area_nearness": rank.AREA_NEARNESS,
        "remote_nearness": rank.REMOTE_NEARNESS,
        "remote_anywhere": rank.REMOTE_ANYWHERE,
        "today": now.astimezone(UTC).date().toordinal(),
        "fresh_days": rank.FRESH_DAYS,
        "stale_days": rank.STALE_DAYS,
        "stale_weight": rank.STALE_WEIGHT,
        "unknown_freshness": rank.UNKNOWN_FRESHNESS,
        "capacities": [rank.CAPACITY_WEIGHT[name] for name in CAPACITIES],
        "unknown_capacity": rank.UNKNOWN_CAPACITY,
        "least": LEAST,
        "steps": list(STEPS),
    }


def _ask(ask: Ask) -> JSON:
    codes = [need_code(f"^{slug}" if weight == 1.0 else slug) for slug, weight in ask.answers]
    return {"codes": codes, "weights": [weight for _, weight in ask.answers]}


def _sort(query: SearchQuery, reaching: JSON) -> list[JSON]:
    by_id: JSON = {"service_id": "asc"}
    if query.sort == "name":
        return [{"name_key": "asc"}, by_id]
    if query.sort == "updated":
        return [{"updated_at": "desc"}, by_id]
    if query.sort == "distance" and query.place is not None:
        script = {"source": DISTANCE, "params": reaching}
        return [{"_script": {"type": "number", "script": script, "order": "asc"}}, by_id]
    return [{"_score": "desc"}, by_id]


def _is_counted(name: str, query: SearchQuery) -> bool:
    return name != "reached_by" or query.place is not None


def _count(name: str, reaching: JSON) -> JSON:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    if name in ("reached_by", "open"):
        source = REACHED_BY if name == "reached_by" else OPEN
        return {"terms": {"script": {"source": source, "params": reaching}, "size": MOST_VALUES, "order": order}}
    # One more than is shown: what is empty is no value, and left out afterwards.
    size = MOST_STAGES if name == "life_stage" else MOST_VALUES + 1
    return {"terms": {"field": _FIELDS[name], "size": size, "order": order}}
