"""How a query is said to FTS5."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_api.places import Point
from resource_api.search.ask import ask_for
from resource_api.search.expression import any_of, area_token, match_expression, near_tokens
from resource_api.search.place import place_at
from resource_api.search.query import Asked, SearchQuery, Word
from resource_api.search.tables import FULL_TEXT
from resource_api.words import query_forms, split

HERE = place_at(Point(39.3449, -76.6847), "21215", zip5="21215")


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, query_forms(word)) for word in split(text))


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE search_text (id INTEGER PRIMARY KEY, title, labels, body, tags)")
    for statement in FULL_TEXT["sqlite"]:
        connection.execute(statement)
    yield connection
    connection.close()


def test_a_query_that_restricts_nothing_has_no_expression() -> None:
    assert match_expression(SearchQuery()) is None
    assert match_expression(SearchQuery(open_at=None, free=True, age_months=3.0)) is None


def test_a_circle_too_wide_for_cells_restricts_nothing() -> None:
    assert near_tokens(SearchQuery()) is None
    assert near_tokens(SearchQuery(place=HERE, within_m=19_000_000.0)) is None
    assert match_expression(SearchQuery(place=HERE, within_m=19_000_000.0)) is None


def test_a_place_is_said_by_cells_areas_shapes_and_what_is_remote() -> None:
    tokens = near_tokens(SearchQuery(place=HERE))
    assert tokens is not None
    assert {"remote", "shape", "aus", "ausmd", "az21215"} <= set(tokens)
    assert any(token.startswith("g") for token in tokens)


def test_area_codes_are_single_tokens() -> None:
    assert area_token("US-24005") == "aus24005"


def test_any_of_quotes_every_token() -> None:
    assert any_of(["a"]) == '"a"'
    assert any_of(["a", "b"], "title") == '{title} : ("a" OR "b")'
    assert any_of([]) == ""


@given(
    text=st.text(max_size=80),
    context=st.text(max_size=20),
    said=st.text(max_size=20),
    slugs=st.lists(st.sampled_from(["food", "diapers", "wic"]), max_size=2),
    term=st.none() | st.text(max_size=40),
    organization=st.none() | st.sampled_from(['"', '" OR tags : "remote', "", "a'b"]) | st.text(max_size=40),
    remote=st.none() | st.booleans(),
    near=st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_is_valid_fts5(
    index: sqlite3.Connection,
    text: str,
    context: str,
    said: str,
    slugs: list[str],
    term: str | None,
    organization: str | None,
    remote: bool | None,
    near: bool,
) -> None:
    asks = tuple(ask_for(slug) for slug in slugs)
    asked = Asked(needs=asks, words=words(said) if asks else (), essential=words(text), context=words(context))
    query = SearchQuery(asked=asked, needs=asks[:1], taxonomy_term_id=term, organization_id=organization, remote=remote)
    if near:
        query = replace(query, place=HERE)
    match = match_expression(query)
    if match is not None:
        assert index.execute("SELECT rowid FROM search_fts WHERE search_fts MATCH ?", (match,)).fetchall() == []
