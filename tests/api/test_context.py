from pathlib import Path

import pytest
from flask import Flask

from resource_api import create_app
from resource_api.api.context import language, session
from resource_api.directory.tables import Source
from resource_api.settings import Settings
from tests.api.conftest import close
from tests.databases import make_tables


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    made = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'context.db'}"))
    make_tables(made.extensions["resource_api"].database)
    return made


def test_a_request_has_one_session_to_read_and_it_ends_with_it(app: Flask) -> None:
    with app.test_request_context("/"):
        reading = session()
        assert session() is reading
        assert list(reading.query(Source)) == []
    with app.test_request_context("/"):
        assert session() is not reading
    close(app)


@pytest.mark.parametrize(
    ("query", "accepted", "expected"),
    [
        ("", None, "en"),
        ("?lang=es", None, "es"),
        ("?lang=en", "es", "en"),
        ("", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "en-US,en;q=0.9,es;q=0.8", "en"),
        ("", "fr-FR,fr", "en"),
        ("", "fr, es;q=0.1", "es"),
        ("", "*", "en"),
        ("?lang=xx", "es", "es"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_readers_else_english(
    app: Flask, query: str, accepted: str | None, expected: str
) -> None:
    with app.test_request_context(f"/{query}", headers={"Accept-Language": accepted} if accepted else {}):
        assert language() == expected
