"""HOW A QUERY IS SAID TO AN INDEX: pure builders, from SearchQuery to clauses of tokens, and to FTS5's MATCH words.

Every user character has become a stem of letters and digits before it comes here, and is quoted all the same.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import NamedTuple

from resource_api.search.cells import circle_tokens
from resource_api.search.query import Ask, SearchQuery, Word

# How many tokens may stand between words that are said of each other.
BESIDE = 5
MOST_READINGS = 16


class Term(NamedTuple):
    """Any of some tokens, in any of some columns."""

    columns: str
    tokens: tuple[str, ...]

    def __str__(self) -> str:
        """Say it to FTS5."""
        return any_of(self.tokens, self.columns)


# What must hold of a row: one of several alternatives, each of which is all of some terms.
Clause = tuple[tuple[Term, ...], ...]


class Near(NamedTuple):
    """All of some tokens in the body, in any order, with so many others at most between the first and the last."""

    tokens: tuple[str, ...]
    apart: int

    def __str__(self) -> str:
        """Say it to FTS5."""
        quoted = " ".join(f'"{token}"' for token in self.tokens)
        return f"body : NEAR({quoted}, {self.apart})"

    def holds(self, body: Iterable[str]) -> bool:
        """Tell whether it holds for the tokens of a body."""
        last_seen = dict.fromkeys(self.tokens, -1)
        for place, token in enumerate(body):
            if token in last_seen:
                last_seen[token] = place
                if min(last_seen.values()) >= max(0, place - self.apart - 1):
                    return True
        return False


class Beside(NamedTuple):
    """What must hold of a row where words are said of each other: they are in its names, or near each other."""

    named: Clause
    near: tuple[Near, ...]

    def __str__(self) -> str:
        """Say it to FTS5."""
        named = (f"({' AND '.join(map(str, terms))})" for terms in self.named)
        return f"({' OR '.join((*named, *map(str, self.near)))})"


def match_expression(query: SearchQuery) -> str | None:
    """Build the MATCH expression of a query, or None where it restricts nothing that the index knows."""
    return " AND ".join((*map(_say, token_clauses(query)), *map(str, position_clauses(query)))) or None


def token_clauses(query: SearchQuery) -> tuple[Clause, ...]:
    """List the clauses of a query that only ask which tokens a row has."""
    return (*_word_clauses(query), *_tag_clauses(query))


def position_clauses(query: SearchQuery) -> Iterator[Beside]:
    """List the clauses of a query that ask where in a text its tokens stand."""
    asked = query.asked
    if asked.needs:
        # A word beside a need must be said of it ("passport photos"), not somewhere else on the page.
        yield from (_named_or_beside(word, asked.words) for word in asked.essential)
    elif len(asked.essential) > 1:
        yield _said_together(asked.essential)


def near_tokens(query: SearchQuery) -> tuple[str, ...] | None:
    """List the tokens by which a service may reach the query's place, or None where every service may."""
    if query.place is None:
        return None
    cells = circle_tokens(query.place.point, query.within_m)
    if cells is None:
        return None
    return (*cells, *sorted(area_token(code) for code in query.place.areas), "shape", "remote")


def area_token(code: str) -> str:
    """Name an area code as one token."""
    return "a" + _letters_and_digits(code)


def need_token(slug: str) -> str:
    """Name a need that a service answers itself as one token."""
    return "n" + slug.replace("-", "")


def family_token(slug: str) -> str:
    """Name a need that a service answers itself or by one of its children as one token."""
    return "f" + slug.replace("-", "")


def term_token(term_id: str) -> str:
    """Name a taxonomy term as one token."""
    return "t" + _letters_and_digits(term_id)


def organization_token(organization_id: str) -> str:
    """Name an organization as one token."""
    return "o" + _letters_and_digits(organization_id)


def _letters_and_digits(text: str) -> str:
    # An id may be whatever a caller types, and a quotation mark would end the token.
    joined = text.lower().replace("-", "")
    return joined if joined.isalnum() else "".join(c for c in joined if c.isalnum())


def any_of(tokens: Iterable[str], columns: str = "") -> str:
    """Say that any of these tokens is there, in all or some columns."""
    quoted = [f'"{token}"' for token in tokens]
    if not quoted:
        return ""
    said = quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"
    return f"{{{columns}}} : {said}" if columns else said


def _word_clauses(query: SearchQuery) -> Iterator[Clause]:
    asked = query.asked
    if asked.needs:
        needs = tuple((Term("tags", (token,)),) for ask in asked.needs for token in _need_tokens(ask))
        named = tuple(Term("title labels", word.forms) for word in asked.words)
        yield (*needs, named) if named and not asked.sentence else needs
    else:
        yield from (((Term("title labels body", word.forms),),) for word in asked.essential)


def _need_tokens(ask: Ask) -> Iterable[str]:
    return (family_token(slug) if weight == 1.0 else need_token(slug) for slug, weight in ask.answers)


def _said_together(words: tuple[Word, ...]) -> Beside:
    """Refuse words strewn over a long description: one is in the name, all in the labels, or all beside each other."""
    named = Term("title", tuple(form for word in words for form in word.forms))
    labelled = tuple(Term("title labels", word.forms) for word in words)
    readings = islice(product(*(word.forms for word in words)), MOST_READINGS)
    return Beside(((named,), labelled), tuple(Near(forms, BESIDE * (len(forms) - 1)) for forms in readings))


def _named_or_beside(word: Word, others: Iterable[Word]) -> Beside:
    near = tuple(Near((form, other), BESIDE) for form in word.forms for each in others for other in each.forms)
    return Beside(((Term("title labels", word.forms),),), near)


def _tag_clauses(query: SearchQuery) -> Iterator[Clause]:
    for ask in query.needs:
        yield _any_tag(_need_tokens(ask))
    if query.taxonomy_term_id is not None:
        yield _any_tag((term_token(query.taxonomy_term_id),))
    if query.organization_id is not None:
        yield _any_tag((organization_token(query.organization_id),))
    if query.remote:
        yield _any_tag(("remote",))
    near = near_tokens(query)
    if near is not None:
        yield _any_tag(near)


def _say(clause: Clause) -> str:
    plain = [terms[0] for terms in clause if len(terms) == 1 and terms[0].columns == clause[0][0].columns]
    if len(plain) == len(clause):
        return any_of((token for term in plain for token in term.tokens), clause[0][0].columns)
    alternatives = (" AND ".join(map(str, terms)) for terms in clause)
    return f"({' OR '.join(f'({said})' for said in alternatives)})"


def _any_tag(tokens: Iterable[str]) -> Clause:
    return tuple((Term("tags", (token,)),) for token in tokens)
