"""GET /docs : the API, to read and to try in a browser; nothing is fetched from anywhere else.

The page is ours: flask-smorest's has an inline script, which no strict Content-Security-Policy lets run.
"""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from flask import Response, send_from_directory

from resource_api.api.blueprint import Blueprint
from resource_api.api.context import settings
from resource_api.errors import NotFound

ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_ASSET_SECONDS = 86_400
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API documentation</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> says the same.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
"""
# validatorUrl would fetch a badge from swagger.io.
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""

blueprint = Blueprint("docs", __name__, public=False, documented=False)


@blueprint.route("/docs")
def show_docs() -> Response:
    """Show the documentation."""
    page = Response(_PAGE, mimetype="text/html")
    page.headers["Cache-Control"] = f"public, max-age={settings().cache_seconds}"
    page.headers["Content-Security-Policy"] = _policy()
    return page


@blueprint.route("/docs/<file>")
def show_asset(file: str) -> Response:
    """Get one of the files that the page is made of."""
    if file == "start.js":
        script = Response(_START, mimetype="text/javascript")
        script.headers["Cache-Control"] = f"public, max-age={_ASSET_SECONDS}"
        return script
    if file not in ASSETS:
        raise NotFound("The documentation has no such file")
    return send_from_directory(_assets(), file, max_age=_ASSET_SECONDS)


def _policy() -> str:
    public = urlsplit(settings().public_url)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {public.scheme}://{public.netloc}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _assets() -> Path:
    # Found without importing it: only its files are wanted.
    spec = find_spec("flask_swagger_ui")
    return Path(str(spec and spec.origin)).parent / "dist"
