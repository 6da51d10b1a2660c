"""THE LEAST THAT FLASK CAN DO: answer each query with bytes that are ready, from a dictionary.

`BARE_ANSWERS` names a file of (path, body) pairs; without it there is only `/livez`.
"""

import os
import pickle
from pathlib import Path

from flask import Flask, Response, request

app = Flask("bare", static_folder=None)
_answers: dict[str, bytes] = {}
if "BARE_ANSWERS" in os.environ:
    _answers.update(pickle.loads(Path(os.environ["BARE_ANSWERS"]).read_bytes()))  # noqa: S301 - our own file


@app.get("/search")
def search() -> Response:
    """Answer a search that was recorded."""
    return Response(_answers[request.query_string.decode()], mimetype="application/json")


@app.get("/livez")
def livez() -> dict[str, str]:
    """Answer that it runs."""
    return {"status": "ok"}
