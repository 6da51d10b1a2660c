"""HOW A QUERY IS SAID TO FTS5: a pure builder, from SearchQuery to a MATCH expression.

Every user character has become a stem of letters and digits before it comes here, and is quoted all the same.
"""

from collections.abc import Iterable

from resource_api.search.cells import circle_tokens
from resource_api.search.query import SearchQuery, Word


def match_expression(query: SearchQuery) -> str | None:
    """Build the MATCH expression of a query, or None where it restricts nothing that the index knows."""
    parts = [part for part in (_words(query), *_tags(query)) if part]
    return " AND ".join(parts) or None


def near_tokens(query: SearchQuery) -> tuple[str, ...] | None:
    """List the tokens by which a service may reach the query's place, or None where every service may."""
    if query.place is None:
        return None
    cells = circle_tokens(query.place.point, query.within_m)
    if cells is None:
        return None
    return (*cells, *sorted(area_token(code) for code in query.place.areas), "remote")


def area_token(code: str) -> str:
    """Name an area code as one token."""
    return "a" + "".join(c for c in code.lower() if c.isalnum())


def need_token(slug: str) -> str:
    """Name a need as one token."""
    return "n" + slug.replace("-", "")


def term_token(term_id: str) -> str:
    """Name a taxonomy term as one token."""
    return "t" + term_id.replace("-", "")


def organization_token(organization_id: str) -> str:
    """Name an organization as one token."""
    return "o" + organization_id.replace("-", "")


def any_of(tokens: Iterable[str], columns: str = "") -> str:
    """Say that any of these tokens is there, in all or some columns."""
    quoted = [f'"{token}"' for token in tokens]
    if not quoted:
        return ""
    said = quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"
    return f"{{{columns}}} : {said}" if columns else said


def _words(query: SearchQuery) -> str:
    asked = query.asked
    essential = [_word(word) for word in asked.essential]
    if not asked.needs:
        return " AND ".join(essential)
    needs = any_of((need_token(slug) for slug in asked.needs), "tags")
    named = " AND ".join(any_of(word.forms, "title labels") for word in asked.words)
    found = f"({needs} OR ({named}))" if named else needs
    return " AND ".join([found, *essential])


def _word(word: Word) -> str:
    return any_of(word.forms, "title labels body")


def _tags(query: SearchQuery) -> Iterable[str]:
    for any_need in query.needs:
        yield any_of((need_token(slug) for slug in any_need), "tags")
    if query.taxonomy_term_id is not None:
        yield any_of((term_token(query.taxonomy_term_id),), "tags")
    if query.organization_id is not None:
        yield any_of((organization_token(query.organization_id),), "tags")
    if query.remote:
        yield any_of(("remote",), "tags")
    near = near_tokens(query)
    if near is not None:
        yield any_of(near, "tags")
