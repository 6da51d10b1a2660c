"""WHAT ONE HIT IS: of the rows found, the few that are shown, with the reasons why."""

from collections.abc import Iterator
from itertools import repeat
from math import isnan, nan

from resource_api.needs.infer import CERTAINTIES
from resource_api.search.cells import chord_to_m
from resource_api.search.column import Numbers
from resource_api.search.columns import Columns
from resource_api.search.facets import REACHES
from resource_api.search.judge import Judged
from resource_api.search.query import SearchHit, SearchQuery

_CERTAINTY = {name[0]: name for name in CERTAINTIES}


def write_hits(query: SearchQuery, columns: Columns, judged: Judged, places: Numbers) -> Iterator[SearchHit]:
    """Write the hits at these places of what was judged, in their order."""
    asked = query.asked
    words = tuple(word.text for word in (*asked.words, *asked.essential, *asked.context))
    answers = _list_answers(query, columns)
    slots = judged.slots[places]
    # Numbers of the interpreter's own, taken out all at once: one by one each costs a quarter of a microsecond.
    each = zip(
        places.tolist(),
        slots.tolist(),
        columns.number[slots].tolist(),
        columns.service_id[slots].tolist(),
        judged.scores[places].tolist(),
        repeat(None) if judged.by is None else judged.by[places].tolist(),
        repeat(nan) if judged.chord is None else judged.chord[places].tolist(),
        repeat(-1) if judged.site is None else judged.site[places].tolist(),
        strict=False,
    )
    for place, slot, number, service_id, score, by, chord, site in each:
        yield SearchHit(
            number=number,
            service_id=service_id.decode(),
            score=score,
            reached_by=None if by is None else REACHES[by],
            distance_m=None if isnan(chord) else chord_to_m(chord),
            site=columns.read_site(slot, site),
            needs=_explain(answers, columns.needs.read(slot)) if answers else (),
            words=words,
            unknown=judged.unknown(place),
        )


# By the code of how a row answers a need: which of the asked it is, the need, and where that is known from.
_Answers = dict[int, tuple[int, str, str]]


def _list_answers(query: SearchQuery, columns: Columns) -> _Answers:
    """List by which codes rows answer the needs that are asked for."""
    found: _Answers = {}
    asked = (answer for ask in (*query.asked.needs, *query.needs) for answer in ask.answers)
    for place, (slug, weight) in enumerate(asked):
        for code, _ in columns.parts_of.get(f"^{slug}" if weight == 1.0 else slug, ()):
            found.setdefault(code, (place, slug, _CERTAINTY[columns.whence(code)]))
    return found


def _explain(answers: _Answers, codes: list[int]) -> tuple[tuple[str, str], ...]:
    """List the needs by which a row answers, and where each is known from."""
    found: dict[str, str] = {}
    for _, slug, certainty in sorted(answers[code] for code in codes if code in answers):
        found.setdefault(slug, certainty)
    return tuple(found.items())
