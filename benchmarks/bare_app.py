"""THE LEAST THAT FLASK CAN DO: answer each query with what is ready in a dictionary, as JSON or as bytes.

`BARE_ANSWERS` names a file of query strings and bodies; without it there is only `/livez`.
"""

import json
import os
import pickle
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

app = Flask("bare", static_folder=None)
assert isinstance(app.json, DefaultJSONProvider)
app.json.compact, app.json.sort_keys, app.json.ensure_ascii = True, False, False
_answers: dict[str, bytes] = {}
if "BARE_ANSWERS" in os.environ:
    _answers.update(pickle.loads(Path(os.environ["BARE_ANSWERS"]).read_bytes()))
_read = {query: json.loads(body) for query, body in _answers.items()}


@app.get("/search")
def search() -> dict[str, Any]:
    """Answer a search that was recorded, with Flask's own JSON."""
    return _read[request.query_string.decode()]


@app.get("/bytes")
def ready_bytes() -> Response:
    """Answer a search that was recorded, with bytes that are ready."""
    return Response(_answers[request.query_string.decode()], mimetype="application/json")


@app.get("/livez")
def livez() -> dict[str, str]:
    """Answer that it runs."""
    return {"status": "ok"}
