"""ONE SEARCH IN THIS PROCESS: every step that the view of `/search` takes, from plain parameters to the bytes it sends.

Only HTTP itself, and the schema that checks a query string, are left out.
"""

import orjson

from resource_api.database import Database
from resource_api.search.answer import find_sources, write_facets, write_hits
from resource_api.search.cards import find_cards
from resource_api.search.find import find_services
from resource_api.search.index import SearchIndex
from resource_api.search.read_query import Reading, SearchRequest, read_query
from resource_api.search.relax import find_relaxations


def answer_search(database: Database, index: SearchIndex, request: SearchRequest) -> tuple[bytes, int, Reading]:
    """Answer a search; get the JSON, how many services fit, and the request as it was read."""
    with database.read() as session:
        reading = read_query(session, index, request)
        page = find_services(session, index, reading.query)
        cards = find_cards(session, page.hits)
        hits = write_hits(cards, reading.query, page, lang="en", short=False)
        body = {
            "total_items": page.total,
            "contents": [orjson.Fragment(hit) for hit in hits],
            "facets": write_facets(session, page, lang="en"),
            "relax": [] if page.total else [each.total for each in find_relaxations(session, index, reading.query)],
            "sources": find_sources(session, cards.values()),
        }
        return orjson.dumps(body), page.total, reading
