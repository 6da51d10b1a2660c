"""WHAT A VIEW MAY REACH FOR: the settings, the database, this request's sessions and language."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.search.index import SearchIndex
from resource_api.settings import Settings

if TYPE_CHECKING:
    from resource_api.egress import Egress
    from resource_api.privacy.keyring import Keyring

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


@dataclass(frozen=True)
class Wiring:
    """What create_app made for the views of one application."""

    settings: Settings
    database: Database
    index: SearchIndex

    @cached_property
    def keyring(self) -> "Keyring":
        """The keys, loaded when first needed: whoever only searches needs none."""
        from resource_api.privacy.keyring import load_keyring

        return load_keyring(self.settings)

    @cached_property
    def egress(self) -> "Egress":
        """The way out, made when first needed: whoever only searches speaks to nobody."""
        from resource_api.egress import Egress

        return Egress.of(self.settings)


def settings() -> Settings:
    """Get the settings of the running application."""
    return _wiring().settings


def database() -> Database:
    """Get the database of the running application."""
    return _wiring().database


def search_index() -> SearchIndex:
    """Get the search index of the running application."""
    return _wiring().index


def keyring() -> "Keyring":
    """Get the keys of the running application."""
    return _wiring().keyring


def egress() -> "Egress":
    """Get the way out of the running application."""
    return _wiring().egress


@contextmanager
def writing() -> Iterator[Session]:
    """Open a session that may write; the view commits it, once, before it answers.

    What this request was reading ends before: a log that somebody is always reading could never begin anew.
    """
    if "reading" in g:
        g.reading.close()
    with database().write() as open_session:
        yield open_session


def session() -> Session:
    """Get this request's reading session, opened when first asked for.

    It is closed when the request ends; a streamed body that still reads needs `flask.stream_with_context`.
    """
    if "reading" not in g:
        g.reading = _sessions().enter_context(database().read())
    return cast(Session, g.reading)


def language() -> Language:
    """Get the language of labels, hours and errors: `lang`, else Accept-Language, else English."""
    asked = request.args.get("lang")
    if asked not in LANGUAGES and "Accept-Language" in request.headers:
        asked = request.accept_languages.best_match(LANGUAGES)
    return "es" if asked == "es" else "en"


def add_teardown(app: Flask) -> None:
    """Close the sessions of a request when it ends."""
    app.teardown_appcontext(_close_sessions)


def _wiring() -> Wiring:
    return cast(Wiring, current_app.extensions["resource_api"])


def _sessions() -> ExitStack:
    if "sessions" not in g:
        g.sessions = ExitStack()
    return cast(ExitStack, g.sessions)


def _close_sessions(_error: BaseException | None) -> None:
    if "sessions" in g:
        g.sessions.close()
