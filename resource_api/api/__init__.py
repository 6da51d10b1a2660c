"""HOW MACHINES ASK: the HTTP skin. A file here is a URL; each has a `blueprint`."""

from importlib import import_module

from flask import Flask

from resource_api.api import context, errors, headers, limits

BLUEPRINTS = (
    "about",
    "services",
    "organizations",
    "service_at_locations",
    "taxonomies",
    "taxonomy_terms",
    "search",
    "needs",
    "profile",
    "problems",
    "health",
    "metrics",
    "openapi",
    "docs",
)


def add_api(app: Flask) -> None:
    """Add every URL of the API to an application, and the rules that hold for all of them."""
    headers.add_headers(app)
    limits.add_limits(app)
    errors.add_error_handlers(app)
    context.add_teardown(app)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(f"resource_api.api.{name}").blueprint)
