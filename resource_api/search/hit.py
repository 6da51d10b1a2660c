"""WHAT ONE HIT IS: of the rows found, the few that are shown, with the reasons why."""

import sqlite3
from collections.abc import Iterator

import numpy as np
import orjson

from resource_api.needs.infer import CERTAINTIES
from resource_api.search.cells import chord_to_m
from resource_api.search.columns import Columns, Numbers
from resource_api.search.facets import REACHES
from resource_api.search.judge import Judged
from resource_api.search.query import SearchHit, SearchQuery

_CERTAINTY = {name[0]: name for name in CERTAINTIES}
_READ = "SELECT id, needs, site, sites FROM search_row WHERE id IN (SELECT value FROM json_each(?))"


def write_hits(
    connection: sqlite3.Connection, query: SearchQuery, columns: Columns, judged: Judged, places: Numbers
) -> Iterator[SearchHit]:
    """Write the hits at these places of what was judged, in their order."""
    numbers = columns.number[judged.slots[places]]
    wanted = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    rows = {number: row for number, *row in connection.execute(_READ, (wanted,))}
    asked = query.asked
    words = tuple(word.text for word in (*asked.words, *asked.essential, *asked.context))
    ids = columns.service_id[judged.slots[places]].tolist()
    for place, number, service_id in zip(places.tolist(), numbers.tolist(), ids, strict=True):
        needs, own_site, sites = rows[number]
        chosen = -1 if judged.site is None else int(judged.site[place])
        chord = None if judged.chord is None or np.isnan(judged.chord[place]) else float(judged.chord[place])
        yield SearchHit(
            service_id=service_id.decode(),
            score=float(judged.scores[place]),
            reached_by=None if judged.by is None else REACHES[judged.by[place]],
            distance_m=None if chord is None else chord_to_m(chord),
            site=own_site if chosen < 0 else orjson.loads(sites)[chosen][0],
            needs=_explain(query, needs),
            words=words,
            unknown=judged.unknown(place),
        )


def _explain(query: SearchQuery, needs: str) -> tuple[tuple[str, str], ...]:
    """List the needs by which a row answers, and where each is known from."""
    found: dict[str, str] = {}
    for ask in (*query.asked.needs, *query.needs):
        for slug, weight in ask.answers:
            said = f",^{slug}:" if weight == 1.0 else f",{slug}:"
            at = needs.find(said)
            if at >= 0:
                found.setdefault(slug, _CERTAINTY[needs[at + len(said) + 1]])
    return tuple(found.items())
