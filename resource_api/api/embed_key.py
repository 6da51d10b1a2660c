"""WHO SHOWS THE DIRECTORY ELSEWHERE: a reader's publishable key, which opens the directory to its own web pages only.

Nobody needs one to read the directory. A request that carries one is held to it.
"""

from flask import Flask, current_app, request

from resource_api.api.authenticate import EMBED_KEY
from resource_api.api.context import database
from resource_api.errors import NotAllowed, NotAuthenticated

_METHODS = ("GET", "HEAD", "POST")


def add_embed_keys(app: Flask) -> None:
    """Hold every request that carries an embed key to what that key is for."""
    app.before_request(_check)


def _check() -> None:
    if EMBED_KEY not in request.headers or request.url_rule is None:
        return
    group = current_app.blueprints.get(request.blueprint or "")
    if not getattr(group, "public", False) or request.method not in _METHODS:
        raise NotAllowed("An embed key opens the directory, and nothing else", hint=f"leave {EMBED_KEY} out")
    from resource_api.access.client import find_reader_origins

    with database().read() as session:
        origins = find_reader_origins(session, request.headers[EMBED_KEY])
    if origins is None:
        raise NotAuthenticated("No reader has this embed key, or no longer", hint=f"leave {EMBED_KEY} out, or mend it")
    if request.headers.get("Origin") not in origins:
        raise NotAllowed("This embed key is for other web pages than the one that asks")
