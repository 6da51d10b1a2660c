"""WHAT POSTINGS CAN TELL ELASTICSEARCH: who may answer a query, and what the script has to know of each.

The same clauses that the embedded index asks its own; a filter leaves out only what it certainly excludes.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any

from resource_api.search import weigh as weighing
from resource_api.search.elasticsearch_script import CONTEXT, COVERED, HUNDREDTHS, SAID, TENTHS, UNKNOWN
from resource_api.search.expression import BESIDE, MOST_READINGS, Clause, area_token, token_clauses
from resource_api.search.query import SearchQuery

JSON = dict[str, Any]


def write_filters(query: SearchQuery) -> Iterator[JSON]:
    """Write what must hold of a service, as far as postings can tell."""
    for clause in token_clauses(query):
        yield _say(clause)
    yield from _positions(query)
    yield from _certain(query)


def _say(clause: Clause) -> JSON:
    """Say a clause; alternatives of one token each in the same columns are one set."""
    alone: dict[str, list[str]] = {}
    others: list[JSON] = []
    for terms in clause:
        if len(terms) == 1:
            alone.setdefault(terms[0].columns, []).extend(terms[0].tokens)
        else:
            others.append({"bool": {"filter": [_has(term.tokens, term.columns) for term in terms]}})
    return _any([*(_has(tokens, columns) for columns, tokens in alone.items()), *others])


def _has(tokens: Iterable[str], columns: str) -> JSON:
    values = list(dict.fromkeys(tokens))
    return _any([{"terms": {column: values}} for column in columns.split()])


def _any(alternatives: Sequence[JSON]) -> JSON:
    if len(alternatives) == 1:
        return alternatives[0]
    return {"bool": {"should": list(alternatives), "minimum_should_match": 1}}


def _positions(query: SearchQuery) -> Iterator[JSON]:
    """Ask where in a text words stand: what `expression.position_clauses` asks of FTS5."""
    asked = query.asked
    if asked.needs:
        for word in asked.essential:
            beside = [
                _near((form, other), BESIDE) for form in word.forms for each in asked.words for other in each.forms
            ]
            yield _any([_has(word.forms, "title labels"), *beside])
    elif len(asked.essential) > 1:
        forms = [word.forms for word in asked.essential]
        labelled = {"bool": {"filter": [_has(each, "title labels") for each in forms]}}
        readings = islice(product(*forms), MOST_READINGS)
        beside = [_near(reading, BESIDE * (len(reading) - 1)) for reading in readings]
        yield _any([_has((form for each in forms for form in each), "title"), labelled, *beside])


def _near(forms: Sequence[str], apart: int) -> JSON:
    """Ask for words with at most so many tokens between the first and the last of them."""
    words = list(dict.fromkeys(forms))
    if len(words) == 1:
        return {"term": {"body": words[0]}}
    # What lies between the outermost, less the words among it.
    gaps = apart + 2 - len(words)
    intervals = [{"match": {"query": word}} for word in words]
    return {"intervals": {"body": {"all_of": {"ordered": False, "max_gaps": gaps, "intervals": intervals}}}}


def _certain(query: SearchQuery) -> Iterator[JSON]:
    """Leave out what certainly does not fit: what is not listed stays."""
    if query.age_months is not None:
        yield _not({"range": {"minimum_age": {"gt": query.age_months}}})
        yield _not({"range": {"maximum_age": {"lt": query.age_months}}})
    if query.life_stage is not None:
        yield _any([_serves(query.life_stage), _not(_exists("life_stages")), {"prefix": {"life_stages": "?"}}])
    for field, value in _listed(query):
        yield _any([{"term": {field: value}}, _not_listed(field)])
    if query.remote is not None:
        remote = {"term": {"tags": "remote"}}
        yield remote if query.remote else _not(remote)
    if query.updated_after is not None:
        yield {"range": {"updated_at": {"gte": query.updated_after.timestamp()}}}


def _listed(query: SearchQuery) -> Iterator[tuple[str, str]]:
    """List the filters that ask for one value of what may not be listed."""
    if query.language is not None and query.language != "en":
        yield "languages", query.language
    if query.free is not None:
        yield "free", "yes" if query.free else "no"
    if query.accepts_referrals is not None:
        yield "accepts", "yes" if query.accepts_referrals else "no"
    if query.capacity is not None:
        yield "capacity", query.capacity


def _not_listed(field: str) -> JSON:
    return {"term": {"free": "unknown"}} if field == "free" else _not(_exists(field))


def _serves(stage: str) -> JSON:
    return {"terms": {"life_stages": [stage, f"?{stage}"]}}


def _exists(field: str) -> JSON:
    return {"exists": {"field": field}}


def _not(clause: JSON) -> JSON:
    return {"bool": {"must_not": clause}}


def write_carried(query: SearchQuery, covering: Collection[str]) -> Iterator[JSON]:
    """Score what the script has to know of postings: see CARRIED in its file."""
    yield from _unknown(query)
    if query.place is not None:
        areas = {"terms": {"tags": sorted(area_token(code) for code in query.place.areas)}}
        shapes = {"terms": {"service_id": sorted(covering)}}
        yield _add(_any([areas, shapes]) if covering else areas, COVERED)
    asked = query.asked
    if asked.needs:
        for word in asked.words:
            yield _add(_has(word.forms, "title"), SAID)
    else:
        for word in asked.essential:
            yield _best(
                _add(_has(word.forms, "title"), SAID * round(weighing.TITLE_WORD * TENTHS)),
                _add(_has(word.forms, "labels"), SAID * round(weighing.LABEL_WORD * TENTHS)),
                _add({"match_all": {}}, SAID * round(weighing.BODY_WORD * TENTHS)),
            )
    for word in asked.context:
        yield _best(
            _add(_has(word.forms, "title"), CONTEXT * round(weighing.CONTEXT_TITLE * HUNDREDTHS)),
            _add(_has(word.forms, "labels"), CONTEXT * round(weighing.CONTEXT_LABEL * HUNDREDTHS)),
        )


def _unknown(query: SearchQuery) -> Iterator[JSON]:
    if query.age_months is not None:
        yield _add({"bool": {"must_not": [_exists("minimum_age"), _exists("maximum_age")]}}, UNKNOWN)
    if query.life_stage is not None:
        yield _add(_not(_serves(query.life_stage)), UNKNOWN)
    for field, _ in _listed(query):
        yield _add(_not_listed(field), UNKNOWN)
    if query.accessibility is not None:
        wanted = {"value": f"*{_escape(query.accessibility.casefold())}*"}
        yield _add(_not({"wildcard": {"accessible": wanted}}), UNKNOWN)


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in "\\*?" else c for c in text)


def _add(clause: JSON, units: int) -> JSON:
    return {"constant_score": {"filter": clause, "boost": units}}


def _best(*clauses: JSON) -> JSON:
    return {"dis_max": {"queries": list(clauses)}}
